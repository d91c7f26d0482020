package dev.fathom.nets;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * FractalNet (Larsson et al. 2017, figure 1) for images [n, 32, 32, 3]: f1(x) = conv(x), and f(c + 1)(x) = the mean of
 * conv(x) and f(c)(f(c)(x)); five such blocks, each with a pool behind it. No signal passes by unchanged, and yet
 * depths of 5 to 80 layers train.
 *
 * <p>Training drops inputs of the means (drop-path). For half of the batches ("local"), each mean loses each of its
 * inputs with probability 0.15, but never all of them. For the other half ("global"), one column is kept for the whole
 * network. What is dropped is not computed. In this way every {@linkplain #column column} becomes a network of its own.
 *
 * @param blocks five fractals
 * @param pool halves the sides after each
 * @param flatten of maps of 1 x 1
 * @param fc classes
 */
public record FractalNet(List<Block> blocks, MaxPool pool, Flatten flatten, Linear fc) implements Layer {
    private static final int[] MAPS = {64, 128, 256, 512, 512};
    private static final float DROP_PATH = 0.15f;
    /** Of 16 columns the last has 163,840 convolutions. */
    private static final int MOST = 16;

    /**
     * Makes a network with this many columns, of which the last is 5 2^(columns - 1) convolutions deep. With 3 columns
     * it has 33,724,618 parameters at ten classes.
     *
     * @throws IllegalArgumentException if there is no column, or more than 16
     */
    public FractalNet(int columns, int classes) {
        this(blocks(columns), new MaxPool(2), new Flatten(), new Linear(512, classes));
    }

    private static void checkColumns(int columns) {
        if (columns < 1 || columns > MOST) {
            throw new IllegalArgumentException("FractalNet: columns=" + columns + " must be in 1 to " + MOST
                    + "; each is twice as deep as the one before");
        }
    }

    private static List<Block> blocks(int columns) {
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < MAPS.length; i++) {
            blocks.add(new Block(columns, i == 0 ? 3 : MAPS[i - 1], MAPS[i], 0.1f * i));
        }
        return blocks;
    }

    @Override
    public Tensor forward(Tensor x) {
        Pass pass = Pass.current();
        boolean global = pass.training() && draw(pass.rng()) < 0.5f;
        int column = global ? (int) (draw(pass.rng()) * blocks.get(0).columns.size()) : -1;
        Tensor y = x;
        for (Block block : blocks) {
            Tensor in = y;
            y = pool.apply(Pass.frame(block, () -> column < 0 ? block.all(in) : block.one(column, in)));
        }
        return fc.apply(flatten.apply(y));
    }

    /** In [0, 1). */
    private static float draw(Rng rng) {
        return rng.uniform(1, 0, 1)[0];
    }

    /**
     * Returns one column as a plain network with the same parameters. Column 0 is the shallowest and fastest, and the
     * last is the deepest and most accurate.
     *
     * @throws IllegalArgumentException if there is no such column
     */
    public Sequential column(int index) {
        int columns = blocks.get(0).columns.size();
        if (index < 0 || index >= columns) {
            throw new IllegalArgumentException(
                    "column: " + index + " is not one of this network's; choose 0 to " + (columns - 1));
        }
        List<Layer> layers = new ArrayList<>();
        for (Block block : blocks) {
            layers.addAll(block.columns.get(index));
            layers.add(pool);
        }
        layers.add(flatten);
        layers.add(fc);
        return new Sequential(layers);
    }

    /**
     * A fractal, written as columns from top to bottom: column c has 2^c convolutions, and where several end at the
     * same height their mean is what each goes on with.
     *
     * @param columns the shallowest first
     */
    public record Block(List<List<Unit>> columns) implements Net {
        /**
         * Makes a fractal with this many columns, from {@code in} to {@code out} maps.
         *
         * @throws IllegalArgumentException if there is no column, or more than 16
         */
        public Block(int columns, int in, int out, float drop) {
            this(columns(columns, in, out, drop));
        }

        private static List<List<Unit>> columns(int columns, int in, int out, float drop) {
            checkColumns(columns);
            List<List<Unit>> all = new ArrayList<>();
            for (int c = 0; c < columns; c++) {
                List<Unit> column = new ArrayList<>();
                for (int i = 0; i < 1 << c; i++) {
                    column.add(new Unit(i == 0 ? in : out, out, drop));
                }
                all.add(column);
            }
            return all;
        }

        private Tensor one(int column, Tensor x) {
            Tensor y = x;
            for (Unit unit : columns.get(column)) {
                y = unit.apply(y);
            }
            return y;
        }

        private Tensor all(Tensor x) {
            int height = columns.get(columns.size() - 1).size();
            Tensor[] at = new Tensor[columns.size()];
            Arrays.fill(at, x);
            for (int h = 1; h <= height; h++) {
                int shallowest = columns.size() - 1 - Integer.numberOfTrailingZeros(h);
                Tensor mean = join(shallowest, h, height, at);
                Arrays.fill(at, shallowest, at.length, mean);
            }
            return at[0];
        }

        /**
         * The mean of the columns from {@code shallowest} on, each after its convolution that ends at height {@code h};
         * in training of some of them.
         */
        private Tensor join(int shallowest, int h, int height, Tensor[] at) {
            List<Tensor> ends = new ArrayList<>();
            for (int c : survivors(shallowest)) {
                ends.add(columns.get(c).get((h << c) / height - 1).apply(at[c]));
            }
            Tensor sum = ends.get(0);
            for (Tensor y : ends.subList(1, ends.size())) {
                sum = sum.add(y);
            }
            return ends.size() == 1 ? sum : sum.mul(1f / ends.size());
        }

        private List<Integer> survivors(int shallowest) {
            List<Integer> all = new ArrayList<>();
            for (int c = shallowest; c < columns.size(); c++) {
                all.add(c);
            }
            if (all.size() == 1 || !Pass.current().training()) {
                return all;
            }
            Rng rng = Pass.current().rng();
            List<Integer> some = new ArrayList<>(all);
            some.removeIf(c -> draw(rng) < DROP_PATH);
            return some.isEmpty() ? List.of(all.get((int) (draw(rng) * all.size()))) : some;
        }
    }

    /** relu(bn(dropout(conv(x)))), 3 x 3. */
    public record Unit(Conv conv, Dropout dropout, BatchNorm bn) implements Layer {
        private Unit(int in, int out, float drop) {
            this(
                    new Conv(in, out, 3).pad(1).withWeight(Init.heNormal()).withoutBias(),
                    new Dropout(drop),
                    new BatchNorm(out).act(RELU));
        }

        @Override
        public Tensor forward(Tensor x) {
            return bn.apply(dropout.apply(conv.apply(x)));
        }
    }
}
