package dev.fathom.image;

import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.data.Augmentation;
import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Role;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.offheap.OffHeap;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Carries a recipe out on gathered batches: draws numbers for each example, turns them into what the kernels take (a
 * map, a tone, a box, a share), and runs one kernel for each change, or run of changes of place.
 *
 * <p>Change k of the example at place i of an epoch reads the four words of block i * changes + k of the epoch's
 * stream; noise has a stream of its own for each change. So nothing depends on the size of a batch but mixup's
 * partners. It never changes: what one batch needs is its {@link Work}.
 */
final class Augmenter implements Augmentation.Change {
    /** Numbers of one change to one example: a block of the stream. */
    private static final int DRAWS = 4;
    /** Numbers that a kernel takes for each example, at most: a map. */
    private static final int MOST = 6;

    /** What the kernel has room for. */
    private static final int TONE_CHANNELS = 64;

    private final List<Augment> recipe;
    private final int columns;
    private final int height;
    private final int width;
    private final int channels;
    /** Columns of the targets as they are mixed. */
    private final int targetColumns;
    /** Whether labels become probabilities. */
    private final boolean toProbabilities;

    private final List<Part> parts;
    /** Parts that change places, each from one buffer to the other. */
    private final int runs;

    Augmenter(List<Augment> recipe, Dataset data) {
        this.recipe = recipe;
        String x = data.name(Role.INPUT);
        if (data.dtype(x) != DType.F32 || data.ragged(x)) {
            throw new IllegalArgumentException("augment: " + recipe.get(0)
                    + " is for floats of one shape, but the input of " + data
                    + " has integers or lengths; use Dataset.map");
        }
        Shape image = data.featureShape();
        for (Augment a : recipe) {
            if (a.kind().ofImages() && image.rank() != 3) {
                throw new IllegalArgumentException(
                        "augment: " + a + " is for images [height, width, channels] but an example is " + image
                                + "; reshape them, and flatten in the model");
            }
        }
        boolean images = image.rank() == 3;
        if (images && image.dim(2) > TONE_CHANNELS && recipe.stream().anyMatch(a -> tones(a.kind()))) {
            throw new IllegalArgumentException("augment: brightness and contrast are for images of at most "
                    + TONE_CHANNELS + " channels but an example is " + image + "; leave them out");
        }
        height = images ? image.dim(0) : 1;
        width = images ? image.dim(1) : 1;
        channels = images ? image.dim(2) : 1;
        columns = (int) image.size();
        boolean mixes = recipe.stream().anyMatch(a -> a.kind() == Augment.Kind.MIXUP);
        toProbabilities = mixes && data.classes() > 0;
        if (mixes && !toProbabilities && !floats(data)) {
            throw new IllegalArgumentException("augment: mixup makes weighted sums of targets, but the target of "
                    + data
                    + " has integers that are no class labels, or lengths; give labels (Field.labels), which become"
                    + " probabilities, or floats, one-hot for example");
        }
        targetColumns = toProbabilities
                ? data.classes()
                : mixes ? (int) data.shape(data.name(Role.TARGET)).size() : 0;
        parts = parts(recipe);
        runs = (int)
                parts.stream().filter(p -> recipe.get(p.from).kind().moves()).count();
    }

    private static boolean tones(Augment.Kind kind) {
        return kind == Augment.Kind.BRIGHTNESS || kind == Augment.Kind.CONTRAST;
    }

    private static boolean floats(Dataset data) {
        String y = data.name(Role.TARGET);
        return data.dtype(y) == DType.F32 && !data.ragged(y);
    }

    /**
     * Changes {@code from} to {@code to} - 1, of which one kernel makes one.
     *
     * @param edge whether the pixel at its edge continues an image
     */
    private record Part(int from, int to, boolean edge) {}

    /**
     * Changes of place that follow each other and agree about what is outside an image are one part, each other change
     * is another.
     */
    private static List<Part> parts(List<Augment> recipe) {
        List<Part> parts = new ArrayList<>();
        for (int from = 0, to; from < recipe.size(); from = to) {
            Augment rule = recipe.get(from);
            to = from + 1;
            while (rule.kind().moves()
                    && to < recipe.size()
                    && recipe.get(to).kind().moves()) {
                Augment next = recipe.get(to);
                if (rule.kind().looksOutside() && next.kind().looksOutside() && rule.edge() != next.edge()) {
                    break;
                }
                rule = next.kind().looksOutside() ? next : rule;
                to++;
            }
            parts.add(new Part(from, to, rule.edge()));
        }
        return parts;
    }

    @Override
    public Batch apply(Batch batch, long seed, int first) {
        Arena arena = OffHeap.borrow();
        try {
            return new Work(arena, batch).run(seed, first);
        } finally {
            OffHeap.giveBack(arena);
        }
    }

    /**
     * The changes of one batch, with memory for draws [n, changes, 4] and numbers for a kernel [n, 6]. Where pixels
     * move, they go from one buffer to another: the last of them is a tensor.
     */
    private final class Work {
        private final int n;
        /** The draws and, from {@code given} on, the numbers: one view of both is one object less for every batch. */
        private final ByteBuffer memory;

        private final int given;
        private final long drawsAt;
        private final long numbersAt;
        private final Place place = new Place();
        private final Batch batch;
        private final Tensor x;
        private final Tensor moved;
        private final Commands commands = Values.commands();
        private long current;
        private long other;

        private Work(Arena arena, Batch batch) {
            this.batch = batch;
            x = batch.x();
            n = batch.size();
            given = Math.multiplyExact(4 * DRAWS * recipe.size(), n);
            int bytes = Math.addExact(given, 4 * MOST * n);
            drawsAt = arena.allocate(bytes);
            numbersAt = drawsAt + given;
            memory = Block.at(drawsAt, bytes);
            current = Values.address(x);
            boolean odd = runs % 2 == 1;
            moved = odd ? Values.create(Tensor.class, x.shape(), DType.F32) : x;
            other = odd ? Values.address(moved) : runs > 0 ? arena.allocate(4L * n * columns) : 0;
        }

        /**
         * Changes the batch.
         *
         * @param stream of the epoch
         * @param first place in the epoch of its first example
         */
        Batch run(long stream, long first) {
            int changes = recipe.size();
            commands.begin(Kernel.UNIFORM)
                    .at(drawsAt)
                    .put((long) DRAWS * n * changes)
                    .put(0f)
                    .put(1f)
                    .put(stream)
                    .put(first * changes)
                    .run();
            Tensor targets = targetColumns > 0 ? batch.y() : null;
            if (toProbabilities && targets != null) {
                Tensor labels = targets;
                targets = Values.create(Tensor.class, Shape.of(n, targetColumns), DType.F32);
                commands.begin(Kernel.ONE_HOT)
                        .at(Values.address(labels))
                        .at(Values.address(targets))
                        .put(n)
                        .put(targetColumns)
                        .run();
            }
            long y = targets == null ? 0 : Values.address(targets);
            for (int i = 0; i < parts.size(); i++) {
                Part part = parts.get(i);
                Augment a = recipe.get(part.from);
                if (a.kind().moves()) {
                    warp(part);
                } else {
                    change(a, part.from, stream, first, y);
                }
            }
            Batch changed = moved == x ? batch : batch.withX(moved);
            return targets == null || !toProbabilities ? changed : changed.withY(targets);
        }

        private void change(Augment a, int k, long stream, long first, long y) {
            switch (a.kind()) {
                case BRIGHTNESS, CONTRAST -> {
                    for (int i = 0; i < n; i++) {
                        float most = both(i, k, 0) * a.amount();
                        number(2 * i, a.kind() == Augment.Kind.CONTRAST ? 1 + most : 1);
                        number(2 * i + 1, a.kind() == Augment.Kind.BRIGHTNESS ? most : 0);
                    }
                    commands.begin(Kernel.TONE)
                            .at(current)
                            .put(n)
                            .put((long) height * width)
                            .put(channels)
                            .at(numbersAt)
                            .run();
                }
                case NOISE ->
                    commands.begin(Kernel.NOISE)
                            .at(current)
                            .put(n)
                            .put(columns)
                            .put(a.amount())
                            .put(stream + 1 + k)
                            .put(first * ((columns + 3L) / 4))
                            .run();
                case CUTOUT -> {
                    int size = (int) a.amount();
                    for (int i = 0; i < n; i++) {
                        side(4 * i, (int) (draw(i, k, 0) * height) - size / 2, size, height);
                        side(4 * i + 2, (int) (draw(i, k, 1) * width) - size / 2, size, width);
                    }
                    commands.begin(Kernel.ERASE)
                            .at(current)
                            .put(n)
                            .put(height)
                            .put(width)
                            .put(channels)
                            .at(numbersAt)
                            .run();
                }
                case MIXUP -> {
                    for (int i = 0; i < n; i++) {
                        number(i, beta(draw(i, k, 0), draw(i, k, 1), a.amount()));
                    }
                    mix(current, columns);
                    mix(y, targetColumns);
                }
                default -> throw new IllegalStateException(a.toString());
            }
        }

        private void mix(long x, int columns) {
            commands.begin(Kernel.MIX).at(x).put(n).put(columns).at(numbersAt).run();
        }

        private void side(int at, int from, int size, int whole) {
            memory.putInt(given + 4 * at, Math.max(0, from));
            memory.putInt(given + 4 * at + 4, (int) Math.min(whole, (long) from + size));
        }

        private void number(int at, double value) {
            memory.putFloat(given + 4 * at, (float) value);
        }

        /** Draw {@code d} of change k for example i, in [0, 1). */
        private float draw(int i, int k, int d) {
            return memory.getFloat(4 * ((i * recipe.size() + k) * DRAWS + d));
        }

        /** A random number in [-1, 1). */
        private float both(int i, int k, int d) {
            return 2 * draw(i, k, d) - 1;
        }

        /** The changes of a part, for each image as one map from a pixel of the result to a place in the image. */
        private void warp(Part part) {
            double middleRow = (height - 1) / 2.0;
            double middleColumn = (width - 1) / 2.0;
            for (int i = 0; i < n; i++) {
                place.clear();
                for (int j = part.from; j < part.to; j++) {
                    step(place, recipe.get(j), i, j);
                }
                double row = middleRow + place.row - place.rr * middleRow - place.rc * middleColumn;
                double column = middleColumn + place.column - place.cr * middleRow - place.cc * middleColumn;
                int at = MOST * i;
                number(at, place.rr);
                number(at + 1, place.rc);
                number(at + 2, row);
                number(at + 3, place.cr);
                number(at + 4, place.cc);
                number(at + 5, column);
            }
            commands.begin(Kernel.WARP)
                    .at(current)
                    .at(other)
                    .put(n)
                    .put(height)
                    .put(width)
                    .put(channels)
                    .at(numbersAt)
                    .put(part.edge ? 1 : 0)
                    .run();
            long from = current;
            current = other;
            other = from;
        }

        private void step(Place p, Augment a, int i, int k) {
            float amount = a.amount();
            switch (a.kind()) {
                case FLIP -> p.then(1, 0, 0, draw(i, k, 0) < amount ? -1 : 1);
                case FLIP_VERTICAL -> p.then(draw(i, k, 0) < amount ? -1 : 1, 0, 0, 1);
                case CROP -> p.thenBy(pixels(draw(i, k, 0), amount), pixels(draw(i, k, 1), amount));
                case SHIFT -> p.thenBy(both(i, k, 0) * amount * height, both(i, k, 1) * amount * width);
                case ZOOM -> {
                    double factor = 1 / (1 + (double) both(i, k, 0) * amount);
                    p.then(factor, 0, 0, factor);
                }
                case SHEAR -> p.then(1, 0, StrictMath.tan(Math.toRadians(both(i, k, 0) * amount)), 1);
                case ROTATE -> {
                    double angle = Math.toRadians(both(i, k, 0) * amount);
                    double cos = StrictMath.cos(angle);
                    double sin = StrictMath.sin(angle);
                    p.then(cos, -sin, sin, cos);
                }
                default -> throw new IllegalStateException(a.toString());
            }
        }
    }

    /**
     * Beta(alpha, alpha) from two uniform numbers, exactly and for every alpha: Devroye 1996, "Random variate
     * generation in one line of code".
     */
    static float beta(double u, double v, double alpha) {
        double cos = StrictMath.cos(2 * Math.PI * v);
        double t = 1 / Math.sqrt(1 + 1 / ((StrictMath.pow(u, -1 / alpha) - 1) * cos * cos));
        return (float) (0.5 + 0.5 * Math.copySign(t, cos));
    }

    // ---- changes of place

    private static double pixels(double u, float padding) {
        return Math.floor(u * (2 * padding + 1)) - padding;
    }

    /**
     * (row, column) of a result's pixel -> (rr row + rc column + row, cr row + cc column + column), both from the
     * middles.
     */
    private static final class Place {
        private double rr;
        private double rc;
        private double row;
        private double cr;
        private double cc;
        private double column;

        void clear() {
            rr = cc = 1;
            rc = cr = row = column = 0;
        }

        /** Before what is there, the matrix (a, b; c, d). */
        void then(double a, double b, double c, double d) {
            double r = rr;
            rr = r * a + rc * c;
            rc = r * b + rc * d;
            r = cr;
            cr = r * a + cc * c;
            cc = r * b + cc * d;
        }

        /** Before what is there, a shift. */
        void thenBy(double rows, double columns) {
            row += rr * rows + rc * columns;
            column += cr * rows + cc * columns;
        }
    }
}
