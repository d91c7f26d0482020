package dev.fathom.labs.codes;

import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * A layer h = sigmoid(W v + b) that learns from inputs v [n, in] of numbers from 0 to 1 without labels, before it
 * becomes a layer of a classifier.
 */
sealed interface Stage extends Layer {
    /** The layer that a classifier takes over. */
    Linear up();

    /** The part of the inputs that an auto-encoder does not see in training. */
    float MASKED = 0.3f;

    /** What training makes small for inputs v. */
    Tensor loss(Tensor v);

    @Override
    default Tensor forward(Tensor v) {
        return up().apply(v).sigmoid();
    }

    /**
     * An auto-encoder of one layer (Bengio et al. 2007): the loss is the cross-entropy of v and sigmoid(V h + c),
     * summed over the inputs, where h is that of inputs of which a part is set to 0 (Vincent et al. 2008).
     *
     * @param up W and b
     * @param down V and c
     * @param masked the part of the inputs that is set to 0 in training, at random
     */
    record Reconstructing(Linear up, Linear down, float masked) implements Stage {
        Reconstructing(int in, int out) {
            this(new Linear(in, out, Init.xavierUniform()), new Linear(out, in, Init.xavierUniform()), MASKED);
        }

        @Override
        public Tensor loss(Tensor v) {
            Tensor kept = v.mul(Pass.current().uniform(v.shape(), 0, 1).ge(masked));
            return Loss.bceWithLogits().of(down.apply(forward(kept)), v).mul(v.dim(-1));
        }
    }

    /**
     * A restricted Boltzmann machine with the energy E(v, h) = -a'v - b'h - h'W v of units that are 0 or 1 (Smolensky
     * 1986), so that P(h = 1 | v) = sigmoid(W v + b) and P(v = 1 | h) = sigmoid(W'h + a). The free energy of v is F(v)
     * = -a'v - sum softplus(W v + b).
     *
     * @param up W and b
     * @param visible a
     */
    record Boltzmann(Linear up, Parameter visible) implements Stage {
        Boltzmann(int in, int out) {
            this(
                    new Linear(in, out, Init.normal(0, 0.01f)).withBias(Init.zeros()),
                    new Parameter(Shape.of(in), Init.zeros()));
        }

        /** F(v) of each example [n, 1]. */
        Tensor freeEnergy(Tensor v) {
            Tensor linear = v.matmul(visible.value().reshape(v.dim(-1), 1));
            return linear.add(up.apply(v)
                            .softplus()
                            .matmul(Tensor.ones(up.weight().shape().dim(0), 1)))
                    .neg();
        }

        /** P(v = 1 | h) after one draw of h from P(h | v): a reconstruction. */
        Tensor reconstructed(Tensor v) {
            Tensor p = forward(v);
            Tensor h = Pass.current().uniform(p.shape(), 0, 1).lt(p);
            return h.matmul(up.weight().value()).add(visible.value()).sigmoid();
        }

        /**
         * The mean of F(v) - F(v'), where v' is the reconstruction of v and held constant. Its gradient is that of
         * contrastive divergence with one step, CD-1 (Hinton 2002): for the weight of hidden unit i and input j, it is
         * the mean of h[i](v') v'[j] - h[i](v) v[j] with the probabilities h.
         */
        @Override
        public Tensor loss(Tensor v) {
            Tensor other = Pass.noGrad(() -> reconstructed(v));
            return freeEnergy(v).sub(freeEnergy(other)).mean();
        }
    }
}
