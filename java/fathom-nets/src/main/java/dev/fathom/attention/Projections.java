package dev.fathom.attention;

import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** What makes queries, keys and values of tokens. */
public sealed interface Projections extends Net {
    /** Returns the queries [batch, tokens, heads d] of these tokens. */
    Tensor queries(Tensor x);

    /** Returns the {@code keys} and {@code values} of these tokens. */
    State memory(Tensor x);

    /**
     * One matrix for all three, as in PyTorch's {@code MultiheadAttention}: of one sequence all are made by one product
     * and read where they lie.
     *
     * @param inProjWeight [3 width, width], queries before keys before values
     * @param inProjBias [3 width], or null for none
     */
    record Fused(Parameter inProjWeight, @Nullable Parameter inProjBias) implements Projections {
        /** Makes a weight that begins as in PyTorch, by Xavier's uniform distribution, and a bias of 0. */
        public Fused(int width) {
            this(
                    new Parameter(Shape.of(Shape.merged("MultiHeadAttention", 3, width), width), Init.xavierUniform()),
                    new Parameter(Shape.of(Shape.merged("MultiHeadAttention", 3, width)), Init.zeros()));
        }

        /** Returns queries, keys and values [batch, tokens, 3 width] side by side. */
        public Tensor all(Tensor x) {
            return x.linear(inProjWeight, inProjBias);
        }

        @Override
        public Tensor queries(Tensor x) {
            return part(x, 0);
        }

        @Override
        public State memory(Tensor x) {
            return State.of("keys", part(x, 1), "values", part(x, 2));
        }

        private Tensor part(Tensor x, int i) {
            int width = inProjWeight.shape().dim(1);
            return x.linear(
                    inProjWeight.value().slice(0, i * width, (i + 1) * width),
                    inProjBias == null ? null : inProjBias.value().slice(0, i * width, (i + 1) * width));
        }
    }

    /**
     * A layer for each, for fewer heads of keys than of queries, or keys of another width.
     *
     * @param qProj to heads d
     * @param kProj to kvHeads d
     * @param vProj to kvHeads d
     */
    record Separate(Linear qProj, Linear kProj, Linear vProj) implements Projections {
        @Override
        public Tensor queries(Tensor x) {
            return qProj.apply(x);
        }

        @Override
        public State memory(Tensor x) {
            return State.of("keys", kProj.apply(x), "values", vProj.apply(x));
        }
    }
}
