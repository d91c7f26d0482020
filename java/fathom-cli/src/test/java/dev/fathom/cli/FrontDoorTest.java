package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The script ./fathom, alone in a folder of its own: what it says before anything is built. */
class FrontDoorTest {
    private static final Path SCRIPT = Path.of(System.getProperty("fathom.root"), "fathom");

    @TempDir
    Path temp;

    /** Exit code and words of the script where only these programs can be found. */
    private String run(List<String> programs, Map<String, String> environment, String... args) throws Exception {
        for (String name : programs) {
            program(name, "exec /usr/bin/" + name + " \"$@\"");
        }
        Path script = Files.copy(SCRIPT, temp.resolve("fathom"), StandardCopyOption.REPLACE_EXISTING);
        List<String> command = new ArrayList<>(List.of("/bin/sh", script.toString()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().put("PATH", temp.resolve("bin").toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        String words = new String(process.getInputStream().readAllBytes());
        return process.waitFor() + " " + words;
    }

    /** A program of these lines of shell, where the script looks for programs. */
    private void program(String name, String lines) throws IOException {
        program(temp.resolve("bin"), name, lines);
    }

    private static void program(Path folder, String name, String lines) throws IOException {
        Path file = Files.createDirectories(folder).resolve(name);
        Files.writeString(file, "#!/bin/sh\n" + lines + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    @Test
    void aCommandThatIsNoneIsRefusedBeforeAnythingIsBuilt() throws Exception {
        assertThat(run(List.of("dirname"), Map.of(), "quickstrat"))
                .isEqualTo("2 fathom: there is no command quickstrat; ./fathom help lists them\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"test", "spark-test", "arm-test", "format", "shell"})
    void helpListsEveryCommand(String of) throws Exception {
        String help = run(List.of("dirname", "cat"), Map.of(), "help", of);
        assertThat(help).startsWith("0 Fathom: ");
        Pattern.compile("(?m)^  ([a-z]+)  ")
                .matcher(CommandLineRun.of("--help").out())
                .results()
                .forEach(command -> assertThat(help).contains("./fathom " + command.group(1)));
    }

    @Test
    void theDoctorSaysWhatIsMissingAndInstallsNothing() throws Exception {
        assertThat(run(List.of("dirname", "sed", "head", "tr"), Map.of(), "doctor"))
                .isEqualTo("1 fathom: missing: jdk maven cmake ninja c++ - install JDK 17+, Maven, CMake 3.20+, "
                        + "Ninja, a C and a C++"
                        + " compiler, then run this again\n");
    }

    @Test
    void aJavaHomeThatIsNoJdkIsNamed() throws Exception {
        assertThat(run(List.of("dirname", "sed", "head", "tr"), Map.of("JAVA_HOME", "/no/jdk"), "doctor"))
                .isEqualTo("1 fathom: JAVA_HOME=/no/jdk is not a JDK 17 or newer: point it to one, or unset it\n");
    }

    @Test
    void whereAPackageManagerIsKnownItsCommandIsTold() throws Exception {
        program("dnf", "");
        program("id", "echo 1000");
        assertThat(run(List.of("dirname", "sed", "head", "tr"), Map.of(), "doctor"))
                .isEqualTo("1 fathom: missing: jdk maven cmake ninja c++ - install with\n"
                        + "  sudo dnf install -y java-17-openjdk-devel maven cmake ninja-build gcc-c++ \n");
    }

    @Test
    void whatIsMissingIsInstalledWhereItMay() throws Exception {
        program("dnf", "echo dnf $*");
        program("id", "echo 0");
        assertThat(run(List.of("dirname", "sed", "head", "tr", "mkdir"), Map.of(), "quickstart"))
                .isEqualTo("1 fathom: building; the first time takes a minute or more, as Maven fetches what it needs\n"
                        + "fathom: installing jdk maven cmake ninja c++\n"
                        + "dnf install -y java-17-openjdk-devel maven cmake ninja-build gcc-c++\n"
                        + "fathom: still missing or too old: jdk maven cmake ninja c++ - see "
                        + "docs/troubleshooting.md\n");
    }

    @ParameterizedTest
    @CsvSource({"17.0.15, ArchiveClassesAtExit, SharedArchiveFile", "25, AOTCacheOutput, AOTCache"})
    void theSecondCommandTakesItsClassesFromAnArchive(String version, String writes, String reads) throws Exception {
        Path jdk = Files.createDirectories(temp.resolve("jdk"));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        program(
                jdk.resolve("bin"),
                "java",
                "case $1 in -XX:" + writes + "=*) echo archive >\"${1#*=}\" ;; *) echo \"$@\" ;; esac");
        Path target = Files.createDirectories(temp.resolve("java/fathom-cli/target"));
        Files.writeString(target.resolve("fathom-cli-1.jar"), "");
        Files.writeString(target.resolve("fathom-cli-1-sources.jar"), "");
        Files.writeString(target.resolve("classpath"), "others.jar");
        Files.writeString(target.resolve("built"), "");
        List<String> programs =
                List.of("dirname", "find", "head", "cat", "readlink", "cksum", "tr", "sed", "nice", "mv");
        String command = "-cp " + target.resolve("fathom-cli-1.jar") + ":others.jar dev.fathom.cli.Main --version\n";

        String first = run(programs, Map.of("JAVA_HOME", jdk.toString()), "--version");
        assertThat(first).startsWith("0 ").endsWith(command).doesNotContain("-XX:");

        Path archive = archive(target);
        assertThat(run(programs, Map.of("JAVA_HOME", jdk.toString()), "--version"))
                .startsWith("0 ")
                .endsWith(command)
                .contains("-XX:" + reads + "=" + archive + " ");
    }

    /** The archive that the first command has left in this folder, which may take it a moment longer. */
    private static Path archive(Path folder) throws Exception {
        for (int tries = 0; tries < 1000; tries++) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "classes-*")) {
                for (Path file : found) {
                    if (!file.getFileName().toString().contains(".")) {
                        return file;
                    }
                }
            }
            Thread.sleep(10);
        }
        throw new AssertionError("no archive in " + folder);
    }
}
