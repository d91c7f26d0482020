package dev.fathom.kernel;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.jni.Native;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each way in which loading and configuring can fail ends in one sentence, in a fresh JVM, at the first use and at the
 * second.
 */
class NativeLoaderTest {
    private static final Path CLASSES = Path.of("target", "classes").toAbsolutePath();

    @TempDir
    Path temp;

    /** What the child JVM runs: says which ISA it got, or why there is none, twice. */
    static final class Probe {
        public static void main(String[] args) {
            for (int i = 0; i < 2; i++) {
                try {
                    NativeRuntime runtime = NativeRuntime.get();
                    Native.unmap(Native.map(4096, false, false), 4096);
                    System.out.println(runtime.isa() + " " + runtime.threads() + " " + runtime.blas());
                } catch (NativeException e) {
                    System.out.println(e.getMessage());
                }
            }
        }
    }

    @Test
    void everySettingIsFollowed() throws Exception {
        assertSays(List.of(CLASSES), "baseline 3 native", "-Dfathom.isa=baseline", "-Dfathom.threads=3");
        Path library = CLASSES.resolve("dev/fathom/kernel")
                .resolve(NativeLoader.platform())
                .resolve(System.mapLibraryName("fathom"));
        assertSays(
                List.of(jar("none.jar", p -> !p.startsWith("dev/fathom/kernel/" + NativeLoader.platform()))),
                "baseline 1 native",
                "-Dfathom.isa=Baseline",
                "-Dfathom.threads=1",
                "-Dfathom.blas=native",
                "-Dfathom.library=" + library);
    }

    @Test
    void aSettingThatCannotBeFollowedIsASentence() throws Exception {
        String isas = NativeRuntime.available().toString();
        assertSays(List.of(CLASSES), "fathom.isa=v9 cannot be used: this processor offers " + isas, "-Dfathom.isa=v9");
        for (String threads : List.of("0", "257", "two")) {
            assertSays(
                    List.of(CLASSES),
                    "fathom.threads=" + threads + " cannot be used: choose 1 to 256",
                    "-Dfathom.threads=" + threads);
        }
        assertSays(List.of(CLASSES), "fathom.blas=mkl cannot be used: choose native or openblas", "-Dfathom.blas=mkl");
        assertSays(
                List.of(CLASSES),
                "fathom.blas=openblas cannot be used: put dev.fathom:fathom-learn on the class path or the module path",
                "-Dfathom.blas=openblas");
        assertSays(List.of(CLASSES), "fathom.library=/no/such/file is not a file", "-Dfathom.library=/no/such/file");
    }

    @Test
    void aJarIsUnpackedOnceAndThenReused() throws Exception {
        Path jar = jar("fathom.jar", p -> true);
        Path cache = temp.resolve("cache");
        String expected = "baseline 1 native";
        String[] options = {"-Dfathom.isa=baseline", "-Dfathom.threads=1", "-Dfathom.cache=" + cache};
        assertSays(List.of(jar), expected, options);
        List<Path> first = files(cache);
        assertThat(first).hasSize(1);
        var written = Files.getLastModifiedTime(first.get(0));
        assertSays(List.of(jar), expected, options);
        assertThat(files(cache)).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(first.get(0))).isEqualTo(written);

        // a torn copy is replaced
        Files.write(first.get(0), new byte[100]);
        assertSays(List.of(jar), expected, options);
        assertThat(files(cache)).isEqualTo(first);
    }

    /** As a repository keeps them: only the jar with the classes is on the class path. */
    @ParameterizedTest
    @ValueSource(strings = {"fathom-1", "two words %41 +"})
    void theLibraryIsFoundInTheJarBesideThatOfTheClasses(String name) throws Exception {
        String natives = "dev/fathom/kernel/" + NativeLoader.platform();
        Path classes = jar(name + ".jar", p -> !p.startsWith(natives));
        jar(name + "-" + NativeLoader.platform() + ".jar", p -> p.startsWith(natives));
        assertSays(
                List.of(classes),
                "baseline 1 native",
                "-Dfathom.isa=baseline",
                "-Dfathom.threads=1",
                "-Dfathom.cache=" + temp.resolve("cache"));
        // without the library, or no jar at all, it is as if it were not there
        Path beside = jar(name + "-" + NativeLoader.platform() + ".jar", p -> p.endsWith("key"));
        assertThat(said(List.of(classes))).allMatch(line -> line.startsWith("no native library for "));
        Files.writeString(beside, "no jar");
        assertThat(said(List.of(classes))).allMatch(line -> line.startsWith("no native library for "));
    }

    @Test
    void withoutACacheFolderTheTemporaryOneServes() throws Exception {
        Path file = Files.createFile(temp.resolve("file"));
        Path tmp = Files.createDirectory(temp.resolve("tmp"));
        Path jar = jar("fathom.jar", p -> true);
        assertSays(
                List.of(jar),
                "baseline 1 native",
                "-Dfathom.isa=baseline",
                "-Dfathom.threads=1",
                "-Duser.home=" + file,
                "-Djava.io.tmpdir=" + tmp);
        assertThat(files(tmp)).isEmpty();
        String message = said(List.of(jar), "-Dfathom.cache=" + file).get(0);
        assertThat(message)
                .startsWith("the native library cannot be unpacked into " + file)
                .endsWith("; choose a folder that can be written with -Dfathom.cache=");
    }

    @Test
    void aJarWithoutThisPlatformNamesThoseItHas() throws Exception {
        Path none = jar("none.jar", p -> !p.startsWith("dev/fathom/kernel/" + NativeLoader.platform()));
        assertSays(
                List.of(none),
                "no native library for " + NativeLoader.platform() + " on the class path (found: none);"
                        + " add dev.fathom:fathom with the classifier " + NativeLoader.platform()
                        + ", or give the file with -Dfathom.library=");
        assertSays(
                List.of(jar("fathom.jar", p -> true)),
                "no native library for plan9-mips on the class path (found: " + NativeLoader.platform() + ");"
                        + " add dev.fathom:fathom with the classifier plan9-mips, or give the file with "
                        + "-Dfathom.library=",
                "-Dos.name=plan9",
                "-Dos.arch=mips");
    }

    @Test
    void aBuildFolderWithoutTheLibraryNamesTheGoalToRun() throws Exception {
        Path classes = temp.resolve("classes");
        for (Path file : files(CLASSES.resolve("dev/fathom/kernel"))) {
            if (file.toString().endsWith(".class")) {
                Path to = classes.resolve(CLASSES.relativize(file));
                Files.createDirectories(to.getParent());
                Files.copy(file, to);
            }
        }
        assertSays(
                List.of(classes),
                "the native library is not built for " + NativeLoader.platform()
                        + ": run `mvn -q process-classes -pl java/fathom` in the project's root, once");
    }

    @ParameterizedTest
    @CsvSource({
        "Linux, amd64, linux-x86_64",
        "Linux, aarch64, linux-arm64",
        "Mac OS X, aarch64, macosx-arm64",
        "Mac OS X, x86_64, macosx-x86_64",
        "Windows 11, amd64, windows-x86_64",
        "FreeBSD, amd64, freebsd-x86_64",
    })
    void platformsHaveJavaCppsNames(String os, String arch, String expected) {
        assertThat(NativeLoader.platform(os, arch)).isEqualTo(expected);
    }

    @Test
    void theLinkersWordsBecomeOurs() {
        Path file = Path.of("/x/libfathom.so");
        assertThat(NativeLoader.explain(
                        file, "/x/libfathom.so: /x/libfathom.so: failed to map segment from shared object"))
                .isEqualTo("/x does not allow programs (it is mounted noexec); choose another folder with "
                        + "-Dfathom.cache=");
        assertThat(NativeLoader.explain(
                        file, "/lib/libc.so.6: version `GLIBC_2.34' not found (required by /x/libfathom.so)"))
                .isEqualTo("the native library needs glibc 2.34 or newer and this system's is older; use a newer system"
                        + " or build Fathom on this one");
        assertThat(NativeLoader.explain(
                        file, "Error loading shared library ld-linux-x86-64.so.2: No such file or directory"))
                .isEqualTo("the native library is built for glibc and this system has musl; use a glibc image, or "
                        + "build Fathom"
                        + " on this one and give the file with -Dfathom.library=");
        assertThat(NativeLoader.explain(file, "Native Library /x/libfathom.so already loaded in another classloader"))
                .isEqualTo("the native library is loaded by another class loader of this process; put fathom on the "
                        + "class path"
                        + " they share");
        assertThat(NativeLoader.explain(file, "file too short"))
                .isEqualTo("the native library /x/libfathom.so cannot be loaded: file too short");
    }

    @Test
    void theRunTimeNeedsNoJavaCpp() throws Exception {
        assertThat(said(List.of(CLASSES), "-Xlog:class+load")).noneMatch(line -> line.contains("org.bytedeco"));
    }

    /** A URL escapes some characters of a jar's name. */
    @ParameterizedTest
    @ValueSource(strings = {"plain.jar", "two words %41 +.jar"})
    void aFileOfAJarIsReadWhateverTheJarIsCalled(String name) throws IOException {
        Path jar = temp.resolve(name);
        try (JarOutputStream zip = new JarOutputStream(Files.newOutputStream(jar))) {
            zip.putNextEntry(new ZipEntry("platform/key"));
            zip.write("abc-7".getBytes(StandardCharsets.US_ASCII));
        }
        try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
            URL key = requireNonNull(loader.getResource("platform/key"));
            assertThat(new String(NativeLoader.bytes(key), StandardCharsets.US_ASCII))
                    .isEqualTo("abc-7");
        }
    }

    private Path jar(String name, Predicate<String> keep) throws IOException {
        Path jar = temp.resolve(name);
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream zip = new JarOutputStream(out)) {
            List<Path> files = new ArrayList<>(files(CLASSES.resolve("dev/fathom/kernel")));
            files.addAll(files(CLASSES.resolve("dev/fathom/jni")));
            for (Path file : files) {
                String path = CLASSES.relativize(file).toString().replace('\\', '/');
                if (keep.test(path)) {
                    zip.putNextEntry(new ZipEntry(path));
                    Files.copy(file, zip);
                }
            }
        }
        return jar;
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static void assertSays(List<Path> path, String line, String... options) throws Exception {
        assertThat(said(path, options)).containsExactly(line, line);
    }

    /** The lines that {@link Probe} prints in a JVM of its own. */
    private static List<String> said(List<Path> path, String... options) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.addAll(List.of(options));
        command.add("-cp");
        String separator = System.getProperty("path.separator");
        Path self = Path.of(NativeLoaderTest.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        command.add(String.join(separator, path.stream().map(Path::toString).toList()) + separator + self);
        command.add(Probe.class.getName());
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().remove("FATHOM_THREADS");
        builder.environment().remove("XDG_CACHE_HOME");
        Process process = builder.start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return text.lines().toList();
    }
}
