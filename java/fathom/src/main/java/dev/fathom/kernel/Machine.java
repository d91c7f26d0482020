package dev.fathom.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What this process computes with: instruction set, threads, matrix backend, each chosen once when the first memory is mapped.
 *
 * <table>
 * <caption>Settings, read at the first use</caption>
 * <tr><th>property</th><th>value</th><th>default</th></tr>
 * <tr><td>{@code fathom.isa}</td><td>baseline, v3, v4</td><td>the best that the processor has</td></tr>
 * <tr><td>{@code fathom.threads}</td><td>1 to 256</td><td>{@code FATHOM_THREADS}, else the processors of this container</td></tr>
 * <tr><td>{@code fathom.blas}</td><td>native, openblas</td><td>native</td></tr>
 * <tr><td>{@code fathom.library}</td><td>a file</td><td>the library of the jar</td></tr>
 * <tr><td>{@code fathom.cache}</td><td>a folder where the library is unpacked</td><td>the user's cache folder</td></tr>
 * </table>
 */
public final class Machine {
    /** The most threads that the pool takes. */
    public static final int MAX_THREADS = 256;

    private Machine() {}

    /** Chosen once; a failure is kept, so that the second use fails with the same sentence as the first. */
    private static final class State {
        static final NativeException failure;
        static final Isa isa;

        static {
            NativeException failed = NativeLoader.load();
            Isa chosen = Isa.BASELINE;
            if (failed == null) {
                try {
                    chosen = chooseIsa(System.getProperty("fathom.isa"));
                    Native.setThreads(chooseThreads());
                    select(chooseBlas(System.getProperty("fathom.blas")));
                } catch (NativeException e) {
                    failed = e;
                }
            }
            failure = failed;
            isa = chosen;
        }
    }

    private static volatile Blas blas = Blas.NATIVE;

    /**
     * Loads and configures the native library at the first call; later calls cost nothing.
     *
     * @throws NativeException at every call, where the library cannot be loaded or a setting cannot be followed
     */
    public static void ready() {
        if (State.failure != null) {
            throw new NativeException(State.failure.getMessage(), State.failure);
        }
    }

    /** The instruction set in use. */
    public static Isa isa() {
        ready();
        return State.isa;
    }

    /** The instruction sets that both this processor and the library have, the slowest first. */
    public static List<Isa> available() {
        ready();
        return offered();
    }

    /** Threads of the pool, the caller among them. */
    public static int threads() {
        ready();
        return Native.threads();
    }

    /**
     * Sets the threads of the pool, the caller among them. Results do not depend on it.
     *
     * @throws IllegalArgumentException unless {@code 1 <= n <= 256}
     */
    public static void threads(int n) {
        if (n < 1 || n > MAX_THREADS) {
            throw new IllegalArgumentException("threads=" + n + ": choose 1 to " + MAX_THREADS);
        }
        ready();
        Native.setThreads(n);
        if (blas == Blas.OPENBLAS) {
            OpenBlas.threads(n);
        }
    }

    /** The matrix backend in use. */
    public static Blas blas() {
        ready();
        return blas;
    }

    /**
     * Changes the matrix backend, for tests and benchmarks that compare the two; no pass or session may be running.
     *
     * @throws NativeException where OpenBLAS is not on the class path
     */
    public static void blas(Blas backend) {
        ready();
        select(backend);
    }

    private static void select(Blas backend) {
        if (backend == Blas.OPENBLAS) {
            Native.setBlas(OpenBlas.sgemm());
            OpenBlas.threads(Native.threads());
        } else {
            Native.setBlas(0);
        }
        blas = backend;
    }

    private static List<Isa> offered() {
        List<Isa> isas = new ArrayList<>();
        for (int i = 0; i <= Native.bestIsa(); i++) {
            isas.add(Isa.values()[i]);
        }
        return isas;
    }

    private static Isa chooseIsa(String wanted) {
        List<Isa> offered = offered();
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
        if (wanted == null) {
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

    private static Blas chooseBlas(String wanted) {
        if (wanted == null || wanted.isBlank()) {
            return Blas.NATIVE;
        }
        Blas found = find(Blas.values(), wanted);
        if (found == null) {
            throw refuse("fathom.blas", wanted, "choose native or openblas");
        }
        return found;
    }

    private static <E extends Enum<E>> E find(E[] values, String name) {
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
