package dev.fathom.nn;

import dev.fathom.autograd.Values;
import dev.fathom.offheap.Block;
import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.store.Store;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * y [.., dim] = W[token], a vector for each of the I32 tokens [..], as PyTorch's Embedding.
 *
 * <p>The gradient of W is rows and their values: backward writes only the rows of the tokens, whatever the size of the
 * vocabulary. The step of an optimizer is exact by default, which for Adam means that every row moves in every step,
 * since its moments do: a step then reads and writes W and both moments as a whole, 12 bytes read and 12 written for
 * each number, however few tokens there were. {@code Group.of("embedding.*").lazy()} makes the step update the rows of
 * the tokens alone ({@link dev.fathom.optim.Group#lazy} says how this differs), and its cost follows the tokens.
 *
 * <p>Vectors that were trained elsewhere are the values that the layer begins with, {@link #of};
 * {@code model.freeze("embedding.weight")} keeps them as they are.
 *
 * @param weight W [vocabulary, dim]
 * @param padding a token whose vector gets no gradient, or null for none
 * @param maxNorm the largest norm of a vector that is read, or null for no limit; see {@link #maxNorm}
 * @param normType p of that norm
 */
public record Embedding(
        Parameter weight,
        @Nullable Integer padding,
        @Nullable Float maxNorm,
        float normType) implements StepwiseLayer {
    /** What PyTorch adds to a norm before it divides by it. */
    private static final float SMALL = 1e-7f;

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if the weight is no matrix, the padding is no token of it, the largest norm is
     *     not above 0, or p is below 1
     */
    public Embedding {
        if (weight.shape().rank() != 2) {
            throw new IllegalArgumentException(
                    "Embedding: weight " + weight.shape() + " is no table; give [vocabulary, dim]");
        }
        if (padding != null && (padding < 0 || padding >= weight.shape().dim(0))) {
            throw new IllegalArgumentException("Embedding: padding=" + padding + " is outside the vocabulary of "
                    + weight.shape().dim(0) + "; give one of its tokens");
        }
        if (maxNorm != null) {
            Checks.above0("Embedding", "maxNorm", maxNorm);
        }
        Checks.atLeast("Embedding", "normType", normType, 1);
    }

    /**
     * Makes a layer whose vectors begin with numbers from the normal distribution.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public Embedding(int vocabulary, int dim) {
        this(vocabulary, dim, Init.normal(0, 1));
    }

    /**
     * Makes a layer whose vectors begin as {@code init} says.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public Embedding(int vocabulary, int dim, Initializer init) {
        this(new Parameter(sized(vocabulary, dim), init), null, null, 2);
    }

    /**
     * Makes a layer that begins with given vectors, one after another.
     *
     * @throws IllegalArgumentException if a size is below 1, or there are not vocabulary times dim numbers
     */
    public static Embedding of(float[] vectors, int vocabulary, int dim) {
        Shape shape = sized(vocabulary, dim);
        if (vectors.length != shape.size()) {
            throw new IllegalArgumentException("Embedding: " + vectors.length + " numbers are no " + vocabulary
                    + " vectors of " + dim + ", which are " + shape.size() + " numbers");
        }
        float[] values = vectors.clone();
        return new Embedding(vocabulary, dim, (s, rng) -> values);
    }

    private static Shape sized(int vocabulary, int dim) {
        return Shape.of(
                Checks.atLeast("Embedding", "vocabulary", vocabulary, 1), Checks.atLeast("Embedding", "dim", dim, 1));
    }

    /**
     * Returns this layer with a token that stands for no word. Its vector begins as zeros, and no gradient reaches it.
     * It must be called before a model holds the weight.
     *
     * @throws IllegalArgumentException if it is outside [0, vocabulary)
     */
    public Embedding padding(int token) {
        Shape shape = weight.shape();
        Initializer init = weight.initializer();
        Parameter zeroed = new Parameter(shape, (s, rng) -> {
            float[] values = init.values(s, rng).clone();
            Arrays.fill(values, token * s.dim(1), (token + 1) * s.dim(1), 0);
            return values;
        });
        return Records.with(this, "weight", zeroed, "padding", token);
    }

    /**
     * Returns this layer with a limit of the vectors' norms. A vector that is read and whose norm is above {@code max}
     * is scaled to it.
     *
     * <p>In a training pass this changes the parameter itself before it is read, as in PyTorch, and gradients are those
     * at the changed values. It counts as a change of the parameter, as a step does: backward through an op that read
     * the values before, such as an output layer tied to the embedding, is refused with a sentence, so call the
     * embedding first. In every other pass, where several threads may read, in plans, and where the parameter is
     * frozen, vectors are scaled after they are read and nothing changes. A replica shares its values with other
     * threads and therefore cannot be trained with a limit; it throws IllegalStateException.
     *
     * @throws IllegalArgumentException if it is not above 0
     */
    public Embedding maxNorm(float max) {
        return Records.with(this, "maxNorm", max);
    }

    /**
     * Returns this layer with the p-norm (sum |x|^p)^(1/p) in place of the Euclidean one for {@link #maxNorm}; infinity
     * stands for the largest |x|.
     *
     * @throws IllegalArgumentException if p is below 1
     */
    public Embedding normType(float p) {
        return Records.with(this, "normType", p);
    }

    @Override
    public Tensor forward(Tensor tokens) {
        if (maxNorm == null) {
            return tokens.embedding(weight, padding);
        }
        if (Pass.current().training() && weight.trainable()) {
            if (tokens.dtype() == DType.I32) {
                limit(tokens.toIntArray(), maxNorm);
            }
            return tokens.embedding(weight, padding);
        }
        Tensor y = tokens.embedding(weight, padding);
        Tensor norm = norm(y);
        Tensor factor = norm.add(SMALL).reciprocal().mul(maxNorm);
        return y.mul(norm.gt(maxNorm).where(factor, Tensor.ones(1)));
    }

    /**
     * Scales the rows of these tokens in the parameter itself. A layer that runs again in backward finds them scaled,
     * and changes nothing.
     */
    private void limit(int[] tokens, float most) {
        Store store = Store.of(weight);
        int index = Store.index(weight);
        if (store.isReplica()) {
            throw new IllegalStateException("Embedding" + Where.running()
                    + ": maxNorm changes the weight in training, which this replica shares with other threads; train"
                    + " the model itself, or without a limit");
        }
        Block values = store.values();
        boolean changed = false;
        values.change("Embedding.maxNorm", Values.leases(values));
        try {
            int vocabulary = weight.shape().dim(0);
            int dim = weight.shape().dim(1);
            for (int row : Arrays.stream(tokens)
                    .filter(t -> t >= 0 && t < vocabulary)
                    .distinct()
                    .toArray()) {
                FloatBuffer vector = values.view(Float.BYTES * store.row(index, row), (long) Float.BYTES * dim)
                        .asFloatBuffer();
                double norm = norm(vector);
                if (norm > most) {
                    float factor = (float) (most / (norm + SMALL));
                    for (int i = 0; i < dim; i++) {
                        vector.put(i, vector.get(i) * factor);
                    }
                    changed = true;
                }
            }
        } finally {
            values.changed();
        }
        if (changed) {
            store.changed(index);
        }
    }

    private double norm(FloatBuffer vector) {
        double sum = 0;
        for (int i = 0; i < vector.limit(); i++) {
            double size = Math.abs(vector.get(i));
            sum = Float.isInfinite(normType)
                    ? Math.max(sum, size)
                    : sum + (normType == 2 ? size * size : normType == 1 ? size : Math.pow(size, normType));
        }
        return normType == 2 ? Math.sqrt(sum) : Float.isInfinite(normType) ? sum : Math.pow(sum, 1 / normType);
    }

    private Tensor norm(Tensor y) {
        if (normType == 2) {
            return y.norm(-1).unsqueeze(-1);
        }
        if (normType == 1) {
            return y.norm1(-1).unsqueeze(-1);
        }
        Tensor size = y.abs();
        return Float.isInfinite(normType)
                ? size.max(-1).unsqueeze(-1)
                : size.pow(normType).sum(-1).unsqueeze(-1).pow(1 / normType);
    }
}
