package dev.fathom.bench;

import dev.fathom.kernel.Isa;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A process that takes part: whose classes, how many threads, what its environment adds. A contender's environment
 * holds none of the settings that our own shell may have for the libraries measured; only what stands here.
 */
record Contender(Home home, String name, Map<String, String> env) {
    /** Where the classes of a contender come from, and which of them is its benchmarks. */
    enum Home {
        FATHOM(".", "dev.fathom.bench.FathomRows"),
        BLIS(".", FATHOM.benchmarks),
        TORCH("peers-torch", "dev.fathom.bench.torch.TorchRows"),
        TORCH_MKL("peers-torch-mkl", TORCH.benchmarks),
        ORT("peers-ort", "dev.fathom.bench.ort.OrtRows"),
        DNNL("peers-dnnl", "dev.fathom.bench.dnnl.DnnlRows"),
        TFLITE("peers-tflite", "dev.fathom.bench.tflite.TfliteRows"),
        DL4J("peers-dl4j", "dev.fathom.bench.dl4j.Dl4jRows"),
        LLAMA("peers-llama", "dev.fathom.bench.llama.LlamaRows"),
        DJL("peers-djl", "dev.fathom.bench.djl.DjlService"),
        TOKENIZERS("peers-tokenizers", "dev.fathom.bench.tokenizers.TokenizersRows");

        final String folder;
        final String benchmarks;

        Home(String folder, String benchmarks) {
            this.folder = folder;
            this.benchmarks = benchmarks;
        }

        /** Whether the class path is that of Fathom's own benchmarks. */
        boolean isOurs() {
            return this == FATHOM || this == BLIS;
        }

        /** Whether JavaCPP's presets run there. */
        boolean ofPresets() {
            return this == TORCH || this == TORCH_MKL || this == DNNL || this == TFLITE || this == DL4J;
        }

        /** Whether it can be held to AVX2 on a processor with wider vectors. */
        boolean canBeHeld() {
            return this != ORT && this != TFLITE;
        }

        Path target() {
            return BENCH.resolve(folder).resolve("target").normalize();
        }

        private String classPath() throws IOException {
            if (isOurs()) {
                return System.getProperty("java.class.path");
            }
            Path file = target().resolve("classpath");
            if (!Files.exists(file)) {
                throw new IOException(file + " is missing: build the peers first, mvn -Ppeers -DskipTests package");
            }
            return jar() + File.pathSeparator + Files.readString(file).strip();
        }

        /** The module's own jar: an archive of classes takes none of a folder. */
        private Path jar() throws IOException {
            try (DirectoryStream<Path> jars = Files.newDirectoryStream(target(), "fathom-*.jar")) {
                for (Path jar : jars) {
                    if (!jar.toString().endsWith("-sources.jar")) {
                        return jar;
                    }
                }
            }
            return target().resolve("classes");
        }
    }

    /** The module's own folder, found from its classes (target/classes, or a jar in target). */
    static final Path BENCH = bench();

    /** The last official libtorch that is to be had as a package, under Java presets of its version. */
    private static final Path LIBTORCH = Home.TORCH_MKL.target().resolve("libtorch/pytorch/cpu/linux-x86_64");

    /** Settings of a shell that would change what is measured; OPENBLAS_CORETYPE=Haswell alone halves OpenBLAS. */
    private static final List<String> FOREIGN = List.of(
            "OPENBLAS_",
            "BLIS_",
            "OMP_",
            "GOMP_",
            "KMP_",
            "MKL_",
            "DNNL_",
            "ONEDNN_",
            "MALLOC_",
            "GLIBC_",
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "FATHOM_",
            "ATEN_",
            "THP_",
            "RAYON_",
            "TOKENIZERS_",
            "JAVA_TOOL_OPTIONS",
            "_JAVA_OPTIONS",
            "JDK_JAVA_OPTIONS");

    /** Fathom, and OpenBLAS beside it in the same process. */
    static Contender fathom(int threads) {
        String n = Integer.toString(threads);
        return new Contender(Home.FATHOM, "fathom", Map.of("FATHOM_THREADS", n, "OPENBLAS_NUM_THREADS", n));
    }

    /**
     * BLIS under the Java presets of OpenBLAS, with the kernels of these vectors: BLIS 0.9 knows no processor after Zen
     * 3 and would take its portable ones. The setting is a number; BLIS would read a name as 0.
     */
    static Contender blis(int threads) {
        String kernels = Machine.kernels() == Isa.V4 ? "0" : "3"; // skx and haswell of its arch_t
        return new Contender(
                Home.BLIS, "blis", Map.of("BLIS_NUM_THREADS", Integer.toString(threads), "BLIS_ARCH_TYPE", kernels));
    }

    /** Whether the system has BLIS, which no repository of Java packages holds. */
    static boolean hasBlis() {
        return Arrays.stream(System.getProperty("java.library.path", "").split(File.pathSeparator))
                .anyMatch(folder -> Files.exists(Path.of(folder, "libblis.so.4")));
    }

    /** PyTorch with so many threads and then what {@code settings} say: {@code NAME=VALUE}, or {@code official}. */
    static Contender torch(String name, int threads, String... settings) {
        String n = Integer.toString(threads);
        Map<String, String> env =
                new TreeMap<>(Map.of("OMP_NUM_THREADS", n, "OPENBLAS_NUM_THREADS", n, "MKL_NUM_THREADS", n));
        for (String setting : settings) {
            int eq = setting.indexOf('=');
            env.put(setting.substring(0, eq), setting.substring(eq + 1));
        }
        return new Contender(Home.TORCH, name, env);
    }

    /** PyTorch's official build (MKL) in place of the presets' own (OpenBLAS). */
    static Contender official(String name, int threads, String... settings) {
        Map<String, String> env = torch(name, threads, settings).env();
        env.put("LD_LIBRARY_PATH", LIBTORCH.toString());
        return new Contender(Home.TORCH_MKL, name, env);
    }

    static Contender ort() {
        return new Contender(Home.ORT, "onnxruntime", Map.of());
    }

    /** oneDNN on tensors in huge pages, as ours are. */
    static Contender dnnl(int threads) {
        return new Contender(
                Home.DNNL,
                "onednn",
                Map.of("OMP_NUM_THREADS", Integer.toString(threads), "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"));
    }

    /** TensorFlow Lite, whose threads are those of its interpreter. */
    static Contender tflite() {
        return new Contender(Home.TFLITE, "tflite", Map.of());
    }

    /** Deeplearning4j over OpenBLAS and oneDNN in one thread: with two, its small operations take twice as long. */
    static Contender dl4j() {
        return new Contender(Home.DL4J, "dl4j", Map.of("OMP_NUM_THREADS", "1", "OPENBLAS_NUM_THREADS", "1"));
    }

    /** The Deep Java Library over PyTorch's official build, whose natives it unpacks into a folder. */
    static Contender djl() {
        return new Contender(
                Home.DJL,
                "djl",
                Map.of("DJL_CACHE_DIR", Home.DJL.target().resolve("natives").toString()));
    }

    /** llama.cpp, whose own thread of requests competes with those that compute. */
    static Contender llama(int threads) {
        return new Contender(Home.LLAMA, "llama.cpp-" + threads, Map.of("OMP_NUM_THREADS", Integer.toString(threads)));
    }

    /** Hugging Face's tokenizers in one thread. */
    static Contender tokenizers() {
        return new Contender(Home.TOKENIZERS, "tokenizers", Map.of("RAYON_NUM_THREADS", "1"));
    }

    /** A process of this contender that runs {@code main}. */
    ProcessBuilder process(String main, List<String> jvm, String... args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvm);
        command.add("-Dfathom.root=" + BENCH.getParent()); // where test-data is
        String data = Data.folder();
        if (data != null) {
            command.add("-Dfathom.data=" + data);
        }
        if (home == Home.BLIS) {
            command.add("-Dorg.bytedeco.openblas.load=blis@.4");
        }
        if (home.isOurs() && Machine.held() != null) {
            command.add("-D" + Machine.HELD + "=" + Machine.held());
        }
        if (home.ofPresets()) {
            // JavaCPP otherwise reads /proc on every native allocation
            command.add("-Dorg.bytedeco.javacpp.maxBytes=0");
            command.add("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0");
        }
        String library = env.getOrDefault("LD_LIBRARY_PATH", "");
        if (!library.isEmpty()) {
            command.add("-Dorg.bytedeco.javacpp.pathsFirst=true");
        }
        if (home == Home.DL4J) {
            String isa = Machine.kernels() == Isa.V4 ? "avx512" : "avx2";
            command.add("-Dorg.bytedeco.javacpp.platform.extension=-onednn-"
                    + isa); // otherwise the first on the class path
        }
        if (home == Home.TORCH || home == Home.TORCH_MKL) {
            command.add(
                    "-Djava.library.path=" + library); // the system may have another PyTorch, and half of it crashes
        }
        command.add("-cp");
        command.add(home.classPath());
        command.add(main);
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> FOREIGN.stream().anyMatch(name::startsWith));
        builder.environment().put("OPENBLAS_VERBOSE", "2"); // it then names its kernels
        builder.environment().putAll(env);
        builder.environment().putAll(held(Machine.held()));
        return builder;
    }

    /**
     * What holds PyTorch, oneDNN, MKL and OpenBLAS to AVX2, where a run is. ONNX Runtime and TensorFlow Lite choose by
     * the processor alone.
     */
    static Map<String, String> held(@Nullable String isa) throws IOException {
        if (!Isa.V3.toString().equals(isa)) {
            return Map.of();
        }
        boolean amd = Machine.here(Map.of()).processor().startsWith("AMD");
        return Map.of(
                "ATEN_CPU_CAPABILITY",
                "avx2",
                "ONEDNN_MAX_CPU_ISA",
                "AVX2",
                "MKL_ENABLE_INSTRUCTIONS",
                "AVX2",
                "OPENBLAS_CORETYPE",
                amd ? "Zen" : "Haswell");
    }

    /**
     * The megabytes of the jars on its class path that an application which computes with it needs on this platform, or
     * 0 where the class path is one for measurements only.
     */
    double closure() throws IOException {
        String needed = switch (home) {
            case FATHOM -> "(fathom(-serve)?-\\d|slf4j-api|gson|fastcsv).*";
            case TORCH -> "(javacpp|openblas|pytorch)-.*";
            case ORT -> "onnxruntime-.*";
            case DJL -> "(?!fathom-).*";
            case DL4J ->
                "(?!fathom-|jmh-|jopt-).*(?<!-onednn-" + (Machine.kernels() == Isa.V4 ? "avx2" : "avx512") + ")";
            default -> "";
        };
        double bytes = 0;
        for (String entry : home.classPath().split(File.pathSeparator)) {
            Path file = Path.of(entry);
            if (String.valueOf(file.getFileName()).matches(needed + "\\.jar")) {
                bytes += Files.size(file);
            }
        }
        return bytes / 1e6;
    }

    /** The folder that holds {@code path}. */
    static Path parent(Path path) {
        Path folder = path.getParent();
        if (folder == null) {
            throw new IllegalStateException("the benchmarks must run from bench/target, not from " + path);
        }
        return folder;
    }

    private static Path bench() {
        try {
            Path path = Path.of(Contender.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            while (!path.endsWith("target")) {
                path = parent(path);
            }
            return parent(path);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
