package dev.fathom.tensor;

import dev.fathom.kernel.Kernel;

/**
 * loss = mean over rows of logsumexp(x) - x[label], with logits x [.., classes] and labels [..]: softmax and cross-entropy in one, whose gradient
 * is (softmax(x) - onehot) / rows. Its other results are the losses of the rows and, for backward, the probabilities.
 */
record CrossEntropyOp() implements Op {
    static final CrossEntropyOp INSTANCE = new CrossEntropyOp();

    @Override
    public String label() {
        return "cross_entropy";
    }

    @Override
    public int outputs() {
        return 3;
    }

    @Override
    public DType takes(int i) {
        return i == 0 ? DType.F32 : DType.I32;
    }

    @Override
    public Shape shape(Call c, int output) {
        checkRows(c);
        return output == 0 ? Shape.SCALAR : output == 1 ? c.shape(1) : c.shape(0);
    }

    /** Logits [.., classes] and labels [..], at least one of each. */
    static void checkRows(Call c) {
        Shape x = c.shape(0);
        Shape labels = c.shape(1);
        if (x.rank() == 0 || x.rank() - 1 != labels.rank()) {
            throw c.fail("logits " + x + " and labels " + labels + " disagree: labels have " + labels.rank()
                    + " dimensions but " + Math.max(0, x.rank() - 1) + " are needed; give one class number a row");
        }
        for (int i = 0; i < labels.rank(); i++) {
            if (x.dim(i) != labels.dim(i)) {
                throw c.fail("logits " + x + " and labels " + labels + " disagree: logits.dim(" + i + ")=" + x.dim(i)
                        + " but labels.dim(" + i + ")=" + labels.dim(i) + "; give one class number a row");
            }
        }
        if (x.size() == 0) {
            throw c.fail("logits " + x + " are empty; a mean needs at least one row and one class");
        }
    }

    @Override
    public boolean onlyForBackward(int output) {
        return output == 2;
    }

    @Override
    public boolean readsInput(int i) {
        return i == 1;
    }

    @Override
    public boolean readsOutput(int o) {
        return o == 2;
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.CROSS_ENTROPY)
                .at(c.in(0))
                .at(c.in(1))
                .at(c.out(2))
                .at(c.out(1))
                .at(c.out(0))
                .put(c.shape(1).size())
                .put(c.shape(0).dim(-1))
                .run();
    }

    @Override
    public void backward(Grad g) {
        long probs = g.out(2);
        long labels = g.in(1);
        long dloss = g.dout(0);
        long dx = g.din(0);
        g.begin(Kernel.CROSS_ENTROPY_GRAD)
                .at(probs)
                .at(labels)
                .at(dloss)
                .at(dx)
                .put(g.shape(1).size())
                .put(g.shape(0).dim(-1))
                .put(g.adds() ? 1 : 0)
                .run();
    }
}
