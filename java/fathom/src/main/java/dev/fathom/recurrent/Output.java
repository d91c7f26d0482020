package dev.fathom.recurrent;

import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;

/**
 * What a recurrent layer gives.
 *
 * @param steps the hidden states of the top layer at each step [n, t, directions * hidden], zero in padding
 * @param last the top layer's hidden state after its last step [n, directions * hidden]; the backward direction ends at
 *     the first step
 * @param state what each layer and direction carries after its last step: {@code hidden}, and of an LSTM {@code cell}
 */
public record Output(Tensor steps, Tensor last, State state) {}
