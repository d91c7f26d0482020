package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code fathom inspect} says of each format what the program that wrote the file says. */
class InspectTest {
    private static final Path FOLDER = Path.of(System.getProperty("fathom.root"), "test-data", "files");

    @TempDir
    Path temp;

    /** Numbers and bytes as counted by hand from the shapes of the scripts beside the files. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "state.safetensors | safetensors | 4 tensors, 23 numbers, 92 bytes",
                "state.pt | PyTorch | 4 tensors, 23 numbers, 92 bytes",
                "legacy.pt | PyTorch | 4 tensors, 23 numbers, 92 bytes",
                "model.safetensors.index.json | an index of several files | 4 tensors, 23 numbers, 92 bytes",
                "arrays.npz | npz | 8 tensors, 42 numbers, 276 bytes",
                "big.gguf | GGUF | 8 tensors, 66 numbers, 270 bytes",
                "llama-v1.bin | llama2.c | 21 tensors, 1160 numbers, 4640 bytes"
            })
    void eachFormat(String name, String format, String totals) {
        CommandLineRun run = CommandLineRun.of("inspect", FOLDER.resolve(name).toString());
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out().replace(",", "")).contains(": " + format + "\n").contains(totals.replace(",", ""));
    }

    @Test
    void aTable() {
        CommandLineRun run =
                CommandLineRun.of("inspect", FOLDER.resolve("types.pt").toString());
        assertThat(run.out().replaceAll(" +", " "))
                .contains("\ntensor type shape bytes\n")
                .contains("\nbfloat16 bfloat16 [4] 8\n")
                .contains("\ncomplex64 complex64 [4] 32 (listed only: this type is not read)\n");
        CommandLineRun texts =
                CommandLineRun.of("inspect", FOLDER.resolve("checkpoint.pt").toString());
        assertThat(texts.out()).contains("\nepoch = 3\n").contains("\nargs.lr = 0.1\n");
    }

    @Test
    void json() {
        CommandLineRun run = CommandLineRun.of(
                "inspect", "--json", FOLDER.resolve("tensor.pt").toString());
        assertThat(run.out().replaceAll("\\s", ""))
                .isEqualTo(
                        "{\"format\":\"PyTorch\",\"tensors\":[{\"name\":\"tensor\",\"type\":\"int64\",\"shape\":[2,3],"
                                + "\"bytes\":48,\"read\":true}],\"numbers\":6,\"bytes\":48,\"metadata\":{}}");
    }

    @Test
    void whatIsNoFileOfTensors() throws IOException {
        Path pickle = Files.writeString(temp.resolve("evil.pkl"), "\u0080\u0002cos\nsystem\n.");
        for (Path file : new Path[] {pickle, temp.resolve("none.pt"), temp}) {
            CommandLineRun run = CommandLineRun.of("inspect", file.toString());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            assertThat(run.err()).startsWith("fathom inspect: ").contains(file.toString());
            assertThat(run.err().lines()).hasSize(1);
        }
    }
}
