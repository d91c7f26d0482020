package dev.fathom.labs.pairs;

import static dev.fathom.experiments.data.MovingDigits.DIRECTIONS;
import static dev.fathom.experiments.data.MovingDigits.FRAMES;
import static dev.fathom.experiments.data.MovingDigits.SEEN;
import static dev.fathom.experiments.data.MovingDigits.SIDE;

import dev.fathom.data.Batch;
import dev.fathom.experiments.data.MovingDigits;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import java.util.ArrayList;
import java.util.List;

/**
 * A network that watches clips: a CNN makes a code of each frame, an LSTM reads the codes, and after each frame three
 * decoders answer from its state: in which direction the digit moves, where it will be in the next frame, and what the
 * next frame will look like.
 */
record Clips(Layer encoder, Recurrent lstm, Linear action, Linear place, FrameDecoder frame) implements Net {
    private static final int CODE = 64;
    private static final int HIDDEN = 128;
    /** The weights of the losses of direction, place and frame. */
    private static final float[] WEIGHTS = {0.1f, 1, 10};

    /** The next frame from a state of the LSTM and the frame before. */
    sealed interface FrameDecoder extends Net {
        /**
         * Draws frames.
         *
         * @param state [n, hidden]
         * @param last [n, side, side]
         * @return [n, side, side]
         */
        Tensor next(Tensor state, Tensor last);
    }

    /** Paints the next frame from the state alone, by transposed convolutions. */
    record Painting(Layer layers) implements FrameDecoder {
        Painting() {
            this(Pair.painter(HIDDEN, 1));
        }

        @Override
        public Tensor next(Tensor state, Tensor last) {
            return layers.apply(state).reshape(last.shape());
        }
    }

    /**
     * Moves the frame before: D F R', where D = sum over k of softmax(down(s))[k] S[k] and S[k] moves all rows down by
     * k pixels, -{@value #MOST} to {@value #MOST}, and R likewise to the right. It is the motion kernel of Finn et al.
     * (2016) as a product of its two directions.
     */
    record Shifting(Linear down, Linear right) implements FrameDecoder {
        private static final int MOST = 3;

        Shifting() {
            this(new Linear(HIDDEN, 2 * MOST + 1), new Linear(HIDDEN, 2 * MOST + 1));
        }

        @Override
        public Tensor next(Tensor state, Tensor last) {
            return matrix(down, state).matmul(last).matmulTransposed(matrix(right, state));
        }

        /** The mean of the matrices of all shifts [n, side, side], weighted by what a layer says of each. */
        private static Tensor matrix(Linear shift, Tensor state) {
            float[] shifts = new float[(2 * MOST + 1) * SIDE * SIDE];
            for (int k = -MOST; k <= MOST; k++) {
                for (int to = Math.max(0, k); to < Math.min(SIDE, SIDE + k); to++) {
                    shifts[((k + MOST) * SIDE + to) * SIDE + to - k] = 1;
                }
            }
            Tensor all = Tensor.of(shifts, 2 * MOST + 1, SIDE * SIDE);
            return shift.apply(state).softmax(1).matmul(all).reshape(state.dim(0), SIDE, SIDE);
        }
    }

    static Clips of(FrameDecoder frame) {
        return new Clips(
                new Sequential(
                        Cells.convolution(1, 12, 2),
                        Cells.convolution(12, 24, 2),
                        Cells.convolution(24, 32, 2),
                        new Flatten(),
                        new Linear(4 * 4 * 32, CODE).act(Activation.RELU)),
                Recurrent.lstm(CODE, HIDDEN).biases(1).forgetBias(1),
                new Linear(HIDDEN, DIRECTIONS),
                new Linear(HIDDEN, 2),
                frame);
    }

    /** The states of the LSTM after each of some frames [n, length, side, side]. */
    Output watch(Tensor frames, State state) {
        int n = frames.dim(0);
        int length = frames.dim(1);
        Tensor codes = encoder.apply(frames.reshape(n * length, SIDE, SIDE, 1));
        return lstm.run(codes.reshape(n, length, CODE), state);
    }

    /** The loss after each frame but the first, which shows no motion, and the last, which has no next one. */
    Step.Result step(Batch batch) {
        Tensor frames = batch.x();
        int n = batch.size();
        int rows = n * (FRAMES - 2);
        Tensor states = watch(frames.slice(1, 0, FRAMES - 1), State.EMPTY)
                .steps()
                .slice(1, 1, FRAMES - 1)
                .reshape(rows, HIDDEN);
        Tensor before = frames.slice(1, 1, FRAMES - 1).reshape(rows, SIDE, SIDE);
        Tensor after = frames.slice(1, 2, FRAMES).reshape(rows, SIDE, SIDE);
        Tensor directions = batch.y().slice(1, 1, FRAMES - 1).reshape(rows);
        Tensor places = batch.get("places").slice(1, 2, FRAMES).reshape(rows, 2);
        Tensor drawn = frame.next(states, before);
        Tensor loss = Loss.crossEntropy()
                .of(action.apply(states), directions)
                .mul(WEIGHTS[0])
                .add(Loss.mse().of(place.apply(states), places).mul(WEIGHTS[1]))
                .add(Loss.mse().of(drawn, after).mul(WEIGHTS[2]));
        return new Step.Result(loss, drawn, after);
    }

    /**
     * What it says about clips of which it has seen the first {@link MovingDigits#SEEN} frames: [clips, directions] the
     * logits of the direction in which the digit came to the last of them, then for each coming frame the place [clips,
     * 2] and the pixels [clips, side side]. It goes on from the frame that it has drawn itself.
     */
    Tensor forecast(Tensor frames) {
        int n = frames.dim(0);
        Output out = watch(frames.slice(1, 0, SEEN), State.EMPTY);
        List<Tensor> all = new ArrayList<>(List.of(action.apply(out.last())));
        Tensor last = frames.slice(1, SEEN - 1, SEEN).reshape(n, SIDE, SIDE);
        for (int t = SEEN; t < FRAMES; t++) {
            last = frame.next(out.last(), last);
            all.addAll(List.of(place.apply(out.last()), last.flatten(1)));
            out = watch(last.reshape(n, 1, SIDE, SIDE), out.state());
        }
        return Tensor.concat(1, all.toArray(Tensor[]::new));
    }
}
