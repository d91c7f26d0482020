package dev.fathom.kernel;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.CodeSource;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * Finds {@code dev/fathom/kernel/PLATFORM/libfathom.so} on the class path or the module path and loads it, once,
 * turning each failure into a sentence.
 *
 * <p>A plain file (a build folder) is loaded where it lies. From a jar it is unpacked into a cache folder, under a name
 * drawn from its content, so that any number of processes and versions share the folder and a start neither hashes nor
 * writes. JavaCPP's own loader does the same in general and takes 70 ms longer.
 */
final class NativeLoader {
    private static final List<String> PLATFORMS =
            List.of("linux-x86_64", "linux-arm64", "macosx-x86_64", "macosx-arm64", "windows-x86_64");

    private static final String FOLDER = "dev/fathom/kernel/";

    private static volatile @Nullable Path loaded;

    private NativeLoader() {}

    /** The file that was loaded, or null. */
    static @Nullable Path loaded() {
        return loaded;
    }

    private static final class Once {
        @SuppressWarnings("StaticAssignmentOfThrowable") // every caller is told the same reason
        static final @Nullable NativeException failure = find();
    }

    /** Loads the library at the first call; returns null, or why it cannot be loaded. Never throws. */
    static @Nullable NativeException load() {
        return Once.failure;
    }

    private static @Nullable NativeException find() {
        try {
            String explicit = System.getProperty("fathom.library");
            if (explicit != null && !explicit.isBlank()) {
                Path file = Path.of(explicit).toAbsolutePath();
                return Files.isRegularFile(file)
                        ? load(file)
                        : new NativeException("fathom.library=" + explicit + " is not a file", null);
            }
            String platform = platform();
            String resource = platform + "/" + System.mapLibraryName("fathom");
            URL url = beside(platform, resource);
            if (url == null) {
                url = resource(resource);
            }
            if (url == null) {
                return missing(platform);
            }
            return "file".equals(url.getProtocol()) ? load(Path.of(url.toURI())) : unpack(url);
        } catch (RuntimeException | IOException | URISyntaxException e) {
            return new NativeException("the native library cannot be loaded: " + e, e);
        }
    }

    static String platform() {
        return platform(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    /** The platform in JavaCPP's names. */
    static String platform(String os, String arch) {
        String system = os.toLowerCase(Locale.ROOT);
        String family = system.startsWith("mac")
                ? "macosx"
                : system.startsWith("windows") ? "windows" : system.replace(' ', '_');
        return family
                + switch (arch) {
                    case "amd64", "x86_64", "x86-64" -> "-x86_64";
                    case "aarch64", "arm64" -> "-arm64";
                    default -> "-" + arch;
                };
    }

    /**
     * A file in the jar of the platform, if that jar lies beside the jar with this class, as in a repository; else
     * null. A class loader would ask all modules of the JVM first and open every jar up to this one: without it, a
     * plan's first answer comes 3 ms sooner. A named module gets null, because it has to name the natives that it
     * requires.
     */
    private static @Nullable URL beside(String platform, String name) throws IOException {
        if (NativeLoader.class.getModule().isNamed()) {
            return null;
        }
        CodeSource source = NativeLoader.class.getProtectionDomain().getCodeSource();
        String own = source == null || source.getLocation() == null
                ? ""
                : source.getLocation().toString();
        if (!own.startsWith("file:") || !own.endsWith(".jar")) {
            return null;
        }
        URL jar = new URL(own.substring(0, own.length() - ".jar".length()) + "-" + platform + ".jar");
        return holds(jar, FOLDER + name, FOLDER + platform + "/key")
                ? new URL("jar:" + jar + "!/" + FOLDER + name)
                : null;
    }

    private static boolean holds(URL jar, String library, String key) {
        try {
            File file = new File(jar.toURI());
            if (!file.isFile()) {
                return false;
            }
            try (ZipFile zip = new ZipFile(file)) {
                return zip.getEntry(library) != null && zip.getEntry(key) != null;
            }
        } catch (IOException | IllegalArgumentException | URISyntaxException e) {
            return false; // damaged, of another machine, or with a name that is not escaped
        }
    }

    /**
     * A file beside this package, in whatever jar or module of the loader it lies: a class finds only what its own
     * module has. The names of platforms hold a hyphen, so that their folders are no packages and no module hides them.
     */
    private static @Nullable URL resource(String name) {
        String path = FOLDER + name;
        ClassLoader loader = NativeLoader.class.getClassLoader();
        return loader == null ? ClassLoader.getSystemResource(path) : loader.getResource(path);
    }

    private static NativeException missing(String platform) {
        URL self = NativeLoader.class.getResource("NativeLoader.class");
        if (self != null && "file".equals(self.getProtocol())) {
            return new NativeException(
                    "the native library is not built for " + platform
                            + ": run `mvn -q process-classes -pl java/fathom` in the project's root, once",
                    null);
        }
        List<String> present =
                PLATFORMS.stream().filter(p -> resource(p + "/key") != null).toList();
        if (NativeLoader.class.getModule().isNamed()) {
            return new NativeException(
                    "no native library for " + platform + " among the modules (found: "
                            + (present.isEmpty() ? "none" : String.join(", ", present))
                            + "); put dev.fathom:fathom with the classifier " + platform
                            + " on the module path and add `requires dev.fathom.natives;` to your module-info",
                    null);
        }
        return new NativeException(
                "no native library for " + platform + " on the class path (found: "
                        + (present.isEmpty() ? "none" : String.join(", ", present))
                        + "); add dev.fathom:fathom with the classifier " + platform
                        + ", or give the file with -Dfathom.library=",
                null);
    }

    /** Tries the folders in turn; the failure of the last one is reported. */
    private static @Nullable NativeException unpack(URL url) throws IOException {
        String key = new String(bytes(new URL(url, "key")), StandardCharsets.US_ASCII).trim();
        String name = System.mapLibraryName("fathom");
        String chosen = System.getProperty("fathom.cache");
        if (chosen != null && !chosen.isBlank()) {
            return unpack(url, Path.of(chosen).toAbsolutePath().resolve(key).resolve(name), size(key));
        }
        if (unpack(url, userCache().resolve(key).resolve(name), size(key)) == null) {
            return null;
        }
        // a folder of its own: what lies under a shared name in a folder that all may write to is not to be trusted
        Path folder;
        try {
            folder = Files.createTempDirectory("fathom");
        } catch (IOException e) {
            return unwritable(Path.of(System.getProperty("java.io.tmpdir")), e);
        }
        Path file = folder.resolve(name);
        NativeException failure = unpack(url, file, size(key));
        for (Path path : List.of(file, folder)) {
            try {
                Files.deleteIfExists(path); // a loaded library needs its file no longer, but for Windows
            } catch (IOException e) {
                path.toFile().deleteOnExit();
            }
        }
        return failure;
    }

    private static @Nullable NativeException unpack(URL url, Path file, long size) {
        Path folder = Objects.requireNonNull(file.getParent(), "the library is unpacked into a folder");
        try {
            if (!Files.isRegularFile(file) || Files.size(file) != size) {
                Files.createDirectories(folder);
                Path beside = Files.createTempFile(folder, "unpacking", null);
                try (InputStream in = url.openStream()) {
                    Files.copy(in, beside, StandardCopyOption.REPLACE_EXISTING);
                    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
                } finally {
                    Files.deleteIfExists(beside);
                }
            }
        } catch (IOException e) {
            return unwritable(folder, e);
        }
        return load(file);
    }

    private static NativeException unwritable(Path folder, IOException e) {
        String reason = e instanceof FileSystemException f && f.getReason() != null
                ? f.getReason()
                : e.getClass().getSimpleName();
        return new NativeException(
                "the native library cannot be unpacked into " + folder + " (" + reason
                        + "); choose a folder that can be written with -Dfathom.cache=",
                e);
    }

    /**
     * Reads what lies at {@code url}. A jar that is a file is read without openStream, whose classes take 5 ms to load.
     */
    static byte[] bytes(URL url) throws IOException {
        String file = url.getFile();
        int jar = file.indexOf("!/");
        if ("jar".equals(url.getProtocol()) && file.startsWith("file:") && jar == file.lastIndexOf("!/")) {
            try (ZipFile zip = new ZipFile(new File(URI.create(file.substring(0, jar))))) {
                ZipEntry entry = zip.getEntry(file.substring(jar + 2));
                if (entry != null) {
                    return zip.getInputStream(entry).readAllBytes();
                }
            } catch (IllegalArgumentException e) {
                // a name that is not escaped, or a jar of another machine, which openStream may know
            }
        }
        try (InputStream in = url.openStream()) { // such as a jar within a jar
            return in.readAllBytes();
        }
    }

    /** Of a key "HASH-SIZE", which the build has written beside the library. */
    private static long size(String key) {
        return Long.parseLong(key.substring(key.indexOf('-') + 1));
    }

    private static Path userCache() {
        String home = System.getProperty("user.home");
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String base = os.startsWith("windows") ? System.getenv("LOCALAPPDATA") : System.getenv("XDG_CACHE_HOME");
        Path parent = base != null && !base.isBlank()
                ? Path.of(base)
                : os.startsWith("mac") ? Path.of(home, "Library", "Caches") : Path.of(home, ".cache");
        return parent.resolve("fathom");
    }

    private static @Nullable NativeException load(Path file) {
        try {
            System.load(file.toString());
            loaded = file;
            return null;
        } catch (UnsatisfiedLinkError e) {
            return new NativeException(explain(file, String.valueOf(e.getMessage())), e);
        }
    }

    /** What the dynamic linker's words mean, and what to do. */
    static String explain(Path file, String words) {
        Matcher glibc =
                Pattern.compile("version [`']GLIBC_([0-9.]+)' not found").matcher(words);
        if (words.contains("failed to map segment") || words.contains("Operation not permitted")) {
            return file.getParent()
                    + " does not allow programs (it is mounted noexec); choose another folder with -Dfathom.cache=";
        }
        if (glibc.find()) {
            return "the native library needs glibc " + glibc.group(1)
                    + " or newer and this system's is older; use a newer system" + " or build Fathom on this one";
        }
        if (words.contains("musl")
                || words.contains("Error relocating")
                || words.contains("Error loading shared library")) {
            return "the native library is built for glibc and this system has musl; use a glibc image, or build "
                    + "Fathom on this one"
                    + " and give the file with -Dfathom.library=";
        }
        if (words.contains("already loaded in another classloader")) {
            return "the native library is loaded by another class loader of this process; put fathom on the class "
                    + "path they share";
        }
        return "the native library " + file + " cannot be loaded: " + words;
    }
}
