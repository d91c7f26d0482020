package dev.fathom.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.kernel.NativeRuntime;
import java.io.File;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** OpenBLAS for a program whose libraries are modules: what it says without its natives is what it needs. */
class ModulePathTest {
    /** The sentence is followed to the letter. */
    @Test
    void theMessageSaysWhichModulesToAdd() throws Exception {
        String at = NativeRuntime.platform();
        String fix = "--add-modules org.bytedeco.openblas." + at.replace('-', '.') + ",org.bytedeco.javacpp."
                + at.replace('-', '.');
        String needs = " cannot be used: put org.bytedeco:openblas and org.bytedeco:javacpp with the classifier " + at
                + " on the module path, and start Java with " + fix + " (";
        List<String> without = said("-Dfathom.blas=openblas");
        assertThat(without).hasSize(2);
        assertThat(without.get(0)).startsWith("fathom.blas=openblas" + needs);
        assertThat(without.get(1)).startsWith("LAPACK" + needs);
        List<String> options = new ArrayList<>(List.of(fix.split(" ")));
        options.add("-Dfathom.blas=openblas");
        assertThat(said(options.toArray(String[]::new))).containsExactly("openblas [1.0, 2.0, 3.0, 4.0]", "[1.0, 2.0]");
    }

    private static List<String> said(String... options) throws Exception {
        List<String> modules = new ArrayList<>();
        List<String> ours = new ArrayList<>();
        for (String entry : System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .split(File.pathSeparator)) {
            Path path = Path.of(entry);
            if (!Files.isRegularFile(path) && !Files.exists(path.resolve("module-info.class"))) {
                continue;
            }
            for (ModuleReference module : ModuleFinder.of(path).findAll()) {
                ModuleDescriptor descriptor = module.descriptor();
                if (!descriptor.isAutomatic()) {
                    modules.add(entry);
                }
                if (!descriptor.isAutomatic() && descriptor.name().startsWith("dev.fathom")) {
                    ours.add(descriptor.name());
                }
            }
        }
        assumeTrue(ours.contains("dev.fathom.learn"), "the classes were compiled without their module");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-p",
                String.join(File.pathSeparator, modules),
                "--add-modules",
                String.join(",", ours)));
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-cp",
                Path.of(ModulePathTest.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI())
                        .toString(),
                Probe.class.getName()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(text).isZero();
        return text.lines().toList();
    }
}
