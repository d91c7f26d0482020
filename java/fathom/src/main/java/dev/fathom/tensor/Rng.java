package dev.fathom.tensor;

import dev.fathom.autograd.Stream;
import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.offheap.OffHeap;
import dev.fathom.op.Checks;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Locale;

/**
 * A stream of random numbers: Philox4x32-10 (Salmon et al. 2011), keyed by a seed and read at a counter. Equal seeds
 * and counters give equal numbers on any machine and for any number of threads, so a checkpoint stores only two longs.
 * A stream must not be used by several threads at once.
 */
public final class Rng extends Stream {
    private final long seed;
    private long counter;

    /** Makes the stream of {@code seed} from its beginning. */
    public Rng(long seed) {
        this(seed, 0);
    }

    /** Makes the stream of {@code seed} from {@code counter} on. */
    public Rng(long seed, long counter) {
        this.seed = seed;
        this.counter = counter;
    }

    /** Returns the seed. */
    public long seed() {
        return seed;
    }

    /** Returns the number of the next block of four 32-bit words. */
    public long counter() {
        return counter;
    }

    /** Takes the blocks that {@code n} words need and returns the counter of the first. */
    public long take(long n) {
        long first = counter;
        counter += n + 3 >> 2;
        return first;
    }

    @Override
    protected Rng copy() {
        return new Rng(seed, counter);
    }

    /**
     * Returns an independent stream for {@code name}. Its seed is a mix of this seed and the name, so a parameter's
     * initial values do not depend on its neighbors.
     */
    public Rng split(String name) {
        long h = seed ^ 0x9e3779b97f4a7c15L;
        for (int i = 0; i < name.length(); i++) {
            h = mix(h + name.charAt(i));
        }
        return new Rng(mix(h));
    }

    /** Returns an independent stream for {@code number}, such as that of an epoch. */
    public Rng split(long number) {
        return new Rng(numbered(number));
    }

    private long numbered(long number) {
        return mix(mix(seed ^ 0xd1b54a32d192ed03L) + number);
    }

    /** Returns the number that {@code split(number).uniform(1, 0, 1)} gives, and allocates nothing on the heap. */
    public float uniformOf(long number) {
        Arena arena = OffHeap.borrow();
        try {
            Commands c = arena.commands();
            c.begin(Kernel.UNIFORM).at(c.scalar()).put(1).put(0f).put(1f);
            c.put(numbered(number)).put(0).run();
            return c.readScalar();
        } finally {
            OffHeap.giveBack(arena);
        }
    }

    /**
     * Returns {@code n} numbers that are uniform in [lo, hi).
     *
     * @throws IllegalArgumentException if n is negative, or lo is above hi
     */
    public float[] uniform(int n, float lo, float hi) {
        if (!(lo <= hi)) {
            throw new IllegalArgumentException("uniform: lo=" + lo + " and hi=" + hi + "; lo must not be above hi");
        }
        return draw(Kernel.UNIFORM, n, lo, hi);
    }

    /**
     * Returns {@code n} numbers from the normal distribution.
     *
     * @throws IllegalArgumentException if n or the standard deviation is negative
     */
    public float[] normal(int n, float mean, float std) {
        Checks.atLeast("normal", "std", std, 0);
        return draw(Kernel.NORMAL, n, mean, std);
    }

    /**
     * Returns {@code n} whole numbers that are uniform in [0, bound): no number is likelier than another by more than
     * bound / 2<sup>48</sup>.
     *
     * @throws IllegalArgumentException unless {@code 0 <= n <= } 2<sup>29</sup> and {@code bound >= 1}
     */
    public int[] ints(int n, int bound) {
        if (n < 0 || n > 1 << 29 || bound < 1) {
            throw new IllegalArgumentException(
                    "ints: n=" + n + " bound=" + bound + "; ask for 0 to 2^29 numbers, below a bound of 1 or more");
        }
        double[] u = doubles(n);
        int[] numbers = new int[n];
        for (int i = 0; i < n; i++) {
            numbers[i] = (int) (u[i] * bound);
        }
        return numbers;
    }

    /**
     * Returns {@code n} numbers that are uniform in [0, 1), of 48 random bits each, where {@link #uniform} has 24:
     * enough to tell a million choices apart.
     *
     * @throws IllegalArgumentException unless {@code 0 <= n <= } 2<sup>29</sup>
     */
    public double[] doubles(int n) {
        if (n < 0 || n > 1 << 29) {
            throw new IllegalArgumentException("doubles: n=" + n + "; ask for 0 to 2^29 numbers");
        }
        float[] u = uniform(2 * n, 0, 1);
        double[] numbers = new double[n];
        for (int i = 0; i < n; i++) {
            numbers[i] = u[2 * i] + u[2 * i + 1] * 0x1p-24; // two draws of 24 bits each
        }
        return numbers;
    }

    /** Returns the numbers 0 to n - 1 in a random order; all orders are equally likely. */
    public int[] permutation(int n) {
        check("permutation", n);
        int[] order = new int[n];
        Arena arena = OffHeap.borrow();
        try {
            long address = arena.allocate(4L * n);
            permutation(arena.commands(), address, n);
            Block.read(address, IntBuffer.wrap(order));
        } finally {
            OffHeap.giveBack(arena);
        }
        return order;
    }

    /** Writes a permutation of n numbers as I32 at {@code address}. */
    void permutation(Commands commands, long address, int n) {
        commands.begin(Kernel.PERMUTATION)
                .at(address)
                .put(n)
                .put(seed)
                .put(take(n))
                .run();
    }

    private static void check(String method, int n) {
        if (n < 0) {
            throw new IllegalArgumentException(method + ": n=" + n + "; give how many numbers, 0 or more");
        }
    }

    private float[] draw(Kernel kernel, int n, float p0, float p1) {
        check(kernel.name().toLowerCase(Locale.ROOT), n);
        float[] values = new float[n];
        Arena arena = OffHeap.borrow();
        try {
            long address = arena.allocate(4L * n);
            arena.commands()
                    .begin(kernel)
                    .at(address)
                    .put(n)
                    .put(p0)
                    .put(p1)
                    .put(seed)
                    .put(take(n))
                    .run();
            Block.read(address, FloatBuffer.wrap(values));
        } finally {
            OffHeap.giveBack(arena);
        }
        return values;
    }

    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
