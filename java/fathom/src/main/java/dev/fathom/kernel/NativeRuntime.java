package dev.fathom.kernel;

import dev.fathom.jni.MatrixBackend;
import dev.fathom.jni.Native;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The native side of this process: the instruction set, the threads and the matrix backend, which are chosen once, when
 * the first memory is mapped.
 *
 * <table>
 * <caption>Settings, read at the first use</caption>
 * <tr><th>property</th><th>value</th><th>default</th></tr>
 * <tr><td>{@code fathom.isa}</td><td>baseline, v3, v4, neon</td><td>the best that the processor has</td></tr>
 * <tr><td>{@code fathom.threads}</td><td>1 to 256</td>
 *       <td>{@code FATHOM_THREADS}, else the processors of this container</td></tr>
 * <tr><td>{@code fathom.memory}</td><td>a size such as 6g or 512m, or a share such as 50%</td>
 *       <td>80 % of what the container or the machine has</td></tr>
 * <tr><td>{@code fathom.blas}</td><td>native, openblas</td><td>native</td></tr>
 * <tr><td>{@code fathom.memory.fenced}</td><td>true, for tests: each tensor of a pass or session, and each block of
 * parameters, ends at a page that nobody may touch; those of passes and results of sessions begin as NaN</td>
 * <td>false</td></tr>
 * <tr><td>{@code fathom.library}</td><td>a file</td><td>the library of the jar</td></tr>
 * <tr><td>{@code fathom.cache}</td><td>a folder where the library is unpacked</td><td>the user's cache folder</td></tr>
 * </table>
 */
public final class NativeRuntime {
    /** The largest number of threads of the pool. */
    public static final int MAX_THREADS = 256;

    private final Isa isa;
    private final long memoryLimit;
    private volatile Blas blas;
    private volatile @Nullable MatrixBackend backend;

    private NativeRuntime(Isa isa, long memoryLimit, Blas blas) {
        this.isa = isa;
        this.memoryLimit = memoryLimit;
        this.blas = blas;
    }

    /** Chosen once; a failure is kept, so that the second use fails with the same sentence as the first. */
    private static final class Once {
        static final @Nullable NativeRuntime runtime;
        static final @Nullable NativeException failure;

        static {
            NativeRuntime made = null;
            NativeException failed = NativeLoader.load();
            if (failed == null) {
                try {
                    made = configure();
                } catch (NativeException e) {
                    failed = e;
                }
            }
            runtime = made;
            failure = failed;
        }
    }

    /**
     * Returns the runtime of this process. The first call loads and configures the native library, and later ones cost
     * nothing.
     *
     * @throws NativeException at every call, if the library cannot be loaded or a setting cannot be followed
     */
    public static NativeRuntime get() {
        NativeRuntime runtime = Once.runtime;
        if (runtime == null) {
            throw again(Once.failure);
        }
        return runtime;
    }

    /**
     * Returns the instruction sets that both this processor and the library have, the slowest first, whatever
     * {@code fathom.isa} says.
     *
     * @throws NativeException if the library cannot be loaded
     */
    public static List<Isa> available() {
        NativeException failure = NativeLoader.load();
        if (failure != null) {
            throw again(failure);
        }
        int best = Native.bestIsa();
        Isa first = best < Isa.NEON.ordinal() ? Isa.BASELINE : Isa.NEON;
        return List.of(Isa.values()).subList(first.ordinal(), best + 1);
    }

    private static NativeException again(@Nullable NativeException failure) {
        return new NativeException(failure == null ? "" : String.valueOf(failure.getMessage()), failure);
    }

    private static NativeRuntime configure() {
        Kernel.read(Native.table(0));
        Isa isa = chooseIsa(System.getProperty("fathom.isa"));
        Native.setThreads(chooseThreads());
        NativeRuntime runtime = new NativeRuntime(isa, chooseMemory(), Blas.NATIVE);
        runtime.blas(chooseBlas(System.getProperty("fathom.blas")));
        return runtime;
    }

    /** Returns the platform in the form of the classifiers of Fathom's jars, such as {@code linux-x86_64}. */
    public static String platform() {
        return NativeLoader.platform();
    }

    /**
     * Returns the file from which the native library was loaded. A file that was unpacked into a temporary folder has
     * been deleted since.
     */
    public Path library() {
        Path loaded = NativeLoader.loaded();
        assert loaded != null;
        return loaded;
    }

    /** Returns the instruction set in use. */
    public Isa isa() {
        return isa;
    }

    /**
     * Returns how many bytes of native memory the process may hold: {@code fathom.memory}, else 80 % of what the
     * container or the machine has. It is {@link Long#MAX_VALUE} where the system does not say how much there is.
     */
    public long memoryLimit() {
        return memoryLimit;
    }

    /** Returns the number of threads of the pool, including the caller. */
    public int threads() {
        return Native.threads();
    }

    /**
     * Sets the number of threads of the pool, including the caller. Results do not depend on it.
     *
     * @throws IllegalArgumentException unless {@code 1 <= n <= 256}
     */
    public void threads(int n) {
        if (n < 1 || n > MAX_THREADS) {
            throw new IllegalArgumentException("threads=" + n + ": choose 1 to " + MAX_THREADS);
        }
        Native.setThreads(n);
        MatrixBackend chosen = backend; // another thread may change it
        if (chosen != null) {
            chosen.threads(n);
        }
    }

    /** Returns the matrix backend in use. */
    public Blas blas() {
        return blas;
    }

    /**
     * Changes the matrix backend, for tests and benchmarks that compare the two; no pass or session may be running.
     *
     * @throws NativeException if fathom-learn, which brings OpenBLAS, or OpenBLAS itself is not there
     */
    public void blas(Blas blas) {
        MatrixBackend chosen = blas == Blas.NATIVE ? null : backend(blas);
        Native.setBlas(chosen == null ? 0 : chosen.sgemm());
        if (chosen != null) {
            chosen.threads(threads());
        }
        this.backend = chosen;
        this.blas = blas;
    }

    private static MatrixBackend backend(Blas blas) {
        for (MatrixBackend found : ServiceLoader.load(MatrixBackend.class, NativeRuntime.class.getClassLoader())) {
            if (found.name().equals(blas.toString())) {
                return found;
            }
        }
        throw new NativeException(
                "fathom.blas=" + blas
                        + " cannot be used: put dev.fathom:fathom-learn on the class path or the module path",
                null);
    }

    private static Isa chooseIsa(@Nullable String wanted) {
        List<Isa> offered = available();
        Isa isa = offered.get(offered.size() - 1);
        if (wanted != null && !wanted.isBlank()) {
            isa = find(Isa.values(), wanted);
            if (isa == null) {
                throw refuse("fathom.isa", wanted, "this processor offers " + offered);
            }
        }
        if (Native.selectIsa(isa.ordinal()) < 0) {
            throw refuse("fathom.isa", isa.toString(), "this processor offers " + offered);
        }
        return isa;
    }

    private static int chooseThreads() {
        String name = "fathom.threads";
        String wanted = System.getProperty(name);
        if (wanted == null || wanted.isBlank()) {
            name = "FATHOM_THREADS";
            wanted = System.getenv(name);
        }
        if (wanted == null || wanted.isBlank()) {
            return Math.min(Runtime.getRuntime().availableProcessors(), MAX_THREADS);
        }
        try {
            int n = Integer.parseInt(wanted.trim());
            if (n >= 1 && n <= MAX_THREADS) {
                return n;
            }
        } catch (NumberFormatException e) {
            // refused below, as a number out of range is
        }
        throw refuse(name, wanted, "choose 1 to " + MAX_THREADS);
    }

    private static long chooseMemory() {
        long available = MemoryLimit.available(Path.of("/"));
        String wanted = System.getProperty("fathom.memory");
        if (wanted == null || wanted.isBlank()) {
            return MemoryLimit.byDefault(available);
        }
        Long limit = MemoryLimit.parse(wanted, available);
        if (limit == null) {
            throw refuse(
                    "fathom.memory", wanted, "give a size such as 6g or 512m, or a share of the memory such as 50%");
        }
        return limit;
    }

    private static Blas chooseBlas(@Nullable String wanted) {
        if (wanted == null || wanted.isBlank()) {
            return Blas.NATIVE;
        }
        Blas found = find(Blas.values(), wanted);
        if (found == null) {
            throw refuse("fathom.blas", wanted, "choose native or openblas");
        }
        return found;
    }

    private static <E extends Enum<E>> @Nullable E find(E[] values, String name) {
        for (E value : values) {
            if (value.toString().equals(name.trim().toLowerCase(Locale.ROOT))) {
                return value;
            }
        }
        return null;
    }

    private static NativeException refuse(String setting, String value, String remedy) {
        return new NativeException(setting + "=" + value + " cannot be used: " + remedy, null);
    }
}
