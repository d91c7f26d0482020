package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every example runs, prints what it promises, fits on a screen, and is in the guide's table. */
class ExampleTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));

    /** What example {@code number} prints. */
    private static String printed(int number, String... args) throws Exception {
        PrintStream before = System.out;
        Locale locale = Locale.getDefault();
        var out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        Locale.setDefault(Locale.ROOT);
        try {
            Example.ALL.get(number - 1).main().run(args);
        } finally {
            System.setOut(before);
            Locale.setDefault(locale);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void tensors() throws Exception {
        // three digits: the last ones differ between instruction sets
        assertThat(printed(1).replaceAll("(\\d\\.\\d{3})\\d+", "$1")).isEqualTo("""
                x             value[#0] [2, 3] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
                x + row       add[#2] [2, 3] = [11.0, 22.0, 33.0, 14.0, 25.0, 36.0]
                x.sum(0)      sum[#3] [3] = [5.0, 7.0, 9.0]
                x x^T         matmul[#5] [2, 2] = [14.0, 32.0, 32.0, 77.0]
                softmax       softmax[#7] [2, 3] = [0.186, 0.307, 0.506, 0.186, 0.307, 0.506]
                as 3 x 2      [3, 2], a view: nothing is copied
                one element   6.0
                a mistake     add: a [2, 3] and b [2] do not broadcast: a.dim(1)=3 but b.dim(0)=2; make them equal or one of them 1
                in this pass  576 bytes
                """);
    }

    @Test
    void gradients() throws Exception {
        assertThat(printed(2)).isEqualTo("""
                step  0  at (5.000, 5.000)  f = 30.000  slope (6.000, 10.000)
                step  5  at (2.233, 0.389)  f = -3.794  slope (0.467, 0.778)
                step 10  at (2.018, 0.030)  f = -3.999  slope (0.036, 0.060)
                step 15  at (2.001, 0.002)  f = -4.000  slope (0.003, 0.005)
                step 20  at (2.000, 0.000)  f = -4.000  slope (0.000, 0.000)
                """);
    }

    @Test
    void anOp() throws Exception {
        assertThat(printed(3))
                .isEqualTo("e03[#2] [3] = [-0.75, 0.0, 0.5], gradient value[#4] [3] = [0.0625, 1.0, 0.25]\n");
    }

    @Test
    void aLayer() throws Exception {
        assertThat(printed(4))
                .contains("1.transform  Linear  [1, 8]          72             64\n", "0.gate.bias [8]\n")
                .endsWith("its gradients agree with differences\n");
    }

    @Test
    void training() throws Exception {
        assertThat(printed(5))
                .startsWith("epoch  1  loss ")
                .containsPattern("held out 9[5-9]\\.\\d %\n")
                .containsPattern("no better val_loss for 3 epochs; the best was epoch \\d+\n$");
    }

    @Test
    void aGan() throws Exception {
        assertThat(printed(6))
                .startsWith("step    0  fakes have mean 0.")
                .containsPattern("step 1000  fakes have mean (3\\.[89]|4\\.[012])\\d\n$");
    }

    @Test
    void transfer() throws Exception {
        assertThat(printed(7)).containsPattern("""
                ^a new trunk and 2000 examples    9[89]\\.\\d %
                a trained trunk and 10 examples  9[89]\\.\\d %
                a new trunk and 10 examples      [78]\\d\\.\\d %
                $""");
    }

    @Test
    void serving() throws Exception {
        assertThat(printed(8)).containsPattern("""
                ^The plan:
                linear  linear at 0
                linear  linear at 3
                frozen (-?\\d\\.\\d+), eager \\1
                $""");
    }

    @Test
    void resuming(@TempDir Path folder) throws Exception {
        assertThat(printed(9, folder.toString())).containsPattern("""
                ^ten epochs     loss (0\\.\\d+)
                four epochs    loss 0\\.\\d+
                and six more   loss \\1
                step-000000040.safetensors holds these 82 parameters and the rest
                $""");
    }

    @Test
    void images(@TempDir Path folder) throws Exception {
        assertThat(printed(10, folder.toString())).containsPattern("""
                ^Dataset \\[600, 24, 24, 1\\] of U8, 2 classes: \\[square, triangle\\]
                skipped square/0007.jpg: it is neither PNG nor JPEG nor BMP
                forty as they are     8\\d\\.\\d % right
                the same, augmented   9\\d\\.\\d % right
                $""");
        assertThat(folder.resolve("changes.png")).isNotEmptyFile();
    }

    @Test
    void shakespeare(@TempDir Path folder) throws Exception {
        String quarrels = "ROMEO:\nAway, thou onion-eyed maggot-pie!\n\nJULIET:\nFie, thou clay-brained barnacle!\n\n"
                .repeat(700);
        Path file = Files.writeString(folder.resolve("plays.txt"), quarrels);
        // a text that repeats itself is learned by heart, and written on
        assertThat(printed(11, file.toString())).containsPattern("""
                held out: 0\\.[01]\\d bits per character

                ROMEO:
                Away, thou onion-eyed maggot-pie!

                JULIET:
                Fie, thou clay-brained barnacle!

                ROMEO:
                Away, thou""");
    }

    @Test
    void eachFitsOnAScreenAndIsInTheGuide() throws IOException {
        String guide = Files.readString(ROOT.resolve("docs/guide.md"));
        for (Example.Program program : Example.ALL) {
            Path source = ROOT.resolve(Example.path(program));
            try (Stream<String> lines = Files.lines(source)) {
                assertThat(lines.filter(l -> !l.isBlank()).count())
                        .as(source.toString())
                        .isLessThanOrEqualTo(42);
            }
            assertThat(guide).contains("(../" + Example.path(program) + ")");
        }
        try (Stream<Path> files =
                Files.list(ROOT.resolve(Example.path(Example.ALL.get(0))).getParent())) {
            List<String> numbered = files.map(f -> f.getFileName().toString())
                    .filter(f -> f.matches("E\\d\\d.*"))
                    .toList();
            assertThat(numbered).hasSize(Example.ALL.size());
        }
    }

    @Test
    void theCommandListsAndRefuses() {
        assertThat(CommandLineRun.of("example").out())
                .hasLineCount(12)
                .startsWith("./fathom example 1   tensors and passes\n")
                .endsWith("./fathom example 12  a model on Spark, which it fetches first\n");
        CommandLineRun wrong = CommandLineRun.of("example", "99");
        assertThat(wrong.code()).isEqualTo(2);
        assertThat(wrong.err())
                .isEqualTo("fathom example: example 99: choose 1 to " + Example.ALL.size()
                        + " (./fathom example --help lists the options)\n");
    }
}
