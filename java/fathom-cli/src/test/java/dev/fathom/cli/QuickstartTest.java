package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.data.TinyImages;
import dev.fathom.io.Safetensors;
import dev.fathom.memory.Memory;
import dev.fathom.op.Shape;
import dev.fathom.testing.SettledMemory;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xml.sax.InputSource;

/** The quickstart on small data: its files, its words, its exit codes, its end by Ctrl-C. */
class QuickstartTest {
    @TempDir
    static Path temp;

    static Path root;

    @BeforeAll
    static void data() throws IOException {
        root = TinyImages.write(temp);
    }

    @Test
    void givesBackAllMemory() throws Exception {
        long before = SettledMemory.owned();
        assertThat(quickstart("--epochs", "1", "--out", temp.toString()).code()).isZero();
        assertThat(Memory.stats().owned()).isEqualTo(before);
    }

    @Test
    void writesEveryFileAndSaysSo() throws Exception {
        Path folder = temp.resolve("a/new folder");
        CommandLineRun run = quickstart("--epochs", "4", "--batch", "32", "--out", folder.toString());

        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("Fashion-MNIST: 550 images to learn from, 50 to choose the best epoch by")
                .containsPattern("total +235,146 +234,752")
                .contains("0  Linear, relu  [1, 256]     200,960        200,704")
                .contains("4 epochs in batches of 32, Adam 0.001, seed 1")
                .containsPattern("epoch 4/4  loss \\d\\.\\d{4}  accuracy \\d+\\.\\d\\d %  val_loss \\d\\.\\d{4}  "
                        + "val_accuracy \\d+\\.\\d\\d %")
                .containsPattern("Trained in \\d+\\.\\d s\\. Epoch [1-4] is kept, the best on the images held out: "
                        + "\\d+\\.\\d\\d %\\.")
                .containsPattern("Test accuracy \\d\\d\\.\\d\\d %, 95 % interval \\d\\d\\.\\d\\d to \\d\\d\\.\\d\\d % "
                        + "\\(\\d+ of 120 right\\)\\.")
                .containsPattern(
                        "one image in \\d+\\.\\d microseconds, (bit for bit|within [-0-9.E]+ of) the eager answers")
                .contains("Next:");
        assertThat(run.out().replace("\n", ""))
                .as("no control characters off a terminal")
                .matches("[^\\p{Cntrl}]*");

        List<String> history = Files.readAllLines(folder.resolve("history.csv"));
        assertThat(history).hasSize(5);
        assertThat(history.get(0)).isEqualTo("epoch,learning_rate,seconds,loss,accuracy,val_loss,val_accuracy");
        assertThat(Safetensors.read(folder.resolve("net.safetensors")).shape("0.weight"))
                .isEqualTo(Shape.of(256, 784));
        for (String picture : List.of("curves.png", "confusion.png", "wrong.png")) {
            assertThat(ImageIO.read(folder.resolve(picture).toFile()).getWidth())
                    .isGreaterThan(200);
        }
        String page = Files.readString(folder.resolve("report.html"));
        var factory = DocumentBuilderFactory.newInstance();
        var document = factory.newDocumentBuilder().parse(new InputSource(new StringReader(page)));
        // two curves, the matrix, and the wrong answers
        assertThat(document.getElementsByTagName("img").getLength()).isGreaterThan(3 + 5);
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(8);
        }
    }

    /** A step an epoch, so large that the next loss is no number. */
    @Test
    void aLossThatIsNotFiniteKeepsWhatWasFinished() throws IOException {
        Path folder = temp.resolve("diverging");
        CommandLineRun run = quickstart("--rate", "1e30", "--batch", "550", "--out", folder.toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("fathom quickstart: loss is ")
                .contains(" at step 1 of epoch 2 (learning rate ");
        assertThat(run.out()).contains("The figures so far and the weights of epoch 1 are in " + folder + ".");
        assertThat(Files.readAllLines(folder.resolve("history.csv"))).hasSize(2);
        assertThat(Safetensors.read(folder.resolve("net.safetensors")).names()).hasSize(6);

        folder = temp.resolve("diverging at once");
        run = quickstart("--rate", "1e38", "--batch", "100", "--out", folder.toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("Stopped before the first epoch was finished: there is nothing to write.");
        try (var files = Files.list(folder)) {
            assertThat(files).allMatch(file -> file.endsWith("checkpoints"));
        }
    }

    @Test
    void sameSeedSameBitsOnAnyNumberOfThreads() throws IOException {
        List<String> first = history("1", "1");
        assertThat(history("1", "2")).isEqualTo(first);
        assertThat(history("2", "1")).isNotEqualTo(first);
        assertThat(Files.readAllBytes(temp.resolve("seed 1 threads 1/net.safetensors")))
                .isEqualTo(Files.readAllBytes(temp.resolve("seed 1 threads 2/net.safetensors")));
    }

    /** The lines of history.csv without the seconds. */
    private static List<String> history(String seed, String threads) throws IOException {
        Path folder = temp.resolve("seed " + seed + " threads " + threads);
        CommandLineRun run =
                quickstart("--epochs", "2", "--seed", seed, "--threads", threads, "--out", folder.toString());
        assertThat(run.code()).as(run.err()).isZero();
        return Files.readAllLines(folder.resolve("history.csv")).stream()
                .map(line -> line.replaceFirst("^([^,]*,[^,]*),[^,]*", "$1"))
                .toList();
    }

    /** Two epochs, then two more, are the four of one run. */
    @Test
    void resumeGoesOnToTheSameBits() throws IOException {
        Path whole = temp.resolve("whole");
        Path parts = temp.resolve("parts");
        assertThat(quickstart("--epochs", "4", "--out", whole.toString()).code())
                .isZero();
        CommandLineRun first = quickstart("--epochs", "2", "--resume", "--out", parts.toString());
        assertThat(first.code()).as(first.err()).isZero();
        assertThat(first.out()).doesNotContain("resumed");
        CommandLineRun second = quickstart("--epochs", "4", "--resume", "--out", parts.toString());
        assertThat(second.code()).as(second.err()).isZero();
        assertThat(second.out())
                .contains("resumed from " + parts.resolve("checkpoints").resolve("step-0"))
                .doesNotContain("epoch 2/4 ")
                .contains("epoch 3/4 ");
        assertThat(Files.readAllBytes(parts.resolve("net.safetensors")))
                .isEqualTo(Files.readAllBytes(whole.resolve("net.safetensors")));
        CommandLineRun other = quickstart("--epochs", "4", "--seed", "2", "--resume", "--out", parts.toString());
        assertThat(other.code()).isEqualTo(1);
        assertThat(other.err()).contains(" differs in ").contains(" here but ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --epoch 3         | 2 | there is no option --epoch; did you mean --epochs?
            --epochs x        | 2 | Invalid value for option '--epochs': 'x' is not an int
            --epochs          | 2 | Missing required parameter for option '--epochs' (N)
            --epochs 0        | 2 | --epochs 0: choose at least 1
            --batch 0         | 2 | --batch 0: choose at least 1
            --batch 551       | 2 | --batch 551: there are 550 images to learn from; choose at most that
            --rate 0          | 2 | --rate 0.0: choose a number above 0, such as 0.001
            --threads 0       | 2 | --threads 0: choose 1 to 256
            --seed 1.5        | 2 | Invalid value for option '--seed': '1.5' is not a long
            --data cifar      | 2 | Invalid value for option '--data': 'cifar' is none of fashion-mnist, mnist
            more              | 2 | there is no command or argument more
            """)
    void wrongOptionsGetOneLine(String args, int code, String words) {
        CommandLineRun run = quickstart((args + " --out " + temp.resolve("unused")).split(" "));
        if (args.equals("--epochs")) { // the value is missing at the end only
            run = quickstart(args);
        }
        assertThat(run.err())
                .isEqualTo("fathom quickstart: " + words + " (./fathom quickstart --help lists the options)\n");
        assertThat(run.code()).isEqualTo(code);
    }

    @Test
    void whereNothingCanBeWrittenNothingIsTrained() throws IOException {
        Path file = Files.createFile(temp.resolve("a file"));
        CommandLineRun run = quickstart("--out", file.toString());
        assertThat(run.err())
                .isEqualTo("fathom quickstart: --out " + file
                        + ": it is a file; choose another folder (./fathom quickstart --help lists the options)\n");
        assertThat(run.code()).isEqualTo(2);

        Path below = file.resolve("folder");
        assertThat(quickstart("--out", below.toString()).err())
                .isEqualTo("fathom quickstart: --out " + below
                        + ": it cannot be written; choose another folder (./fathom quickstart --help "
                        + "lists the options)\n");
    }

    @Test
    void missingDataIsNamed() throws IOException {
        Path empty = Files.createDirectories(temp.resolve("empty"));
        CommandLineRun run = CommandLineRun.in(empty, "quickstart");
        assertThat(run.err())
                .isEqualTo("fathom quickstart: --data fashion-mnist: there is no folder "
                        + empty.resolve("cache/data/fashion-mnist") + " or "
                        + empty.resolve("test-data/fashion-mnist")
                        + "; ./fathom data fashion-mnist fetches it\n");
        assertThat(run.code()).isEqualTo(1);

        Path lacking = TinyImages.write(temp.resolve("lacking"));
        Path folder = lacking.resolve("test-data/fashion-mnist");
        Files.delete(folder.resolve("t10k-labels-idx1-ubyte.gz"));
        assertThat(CommandLineRun.in(lacking, "quickstart").err())
                .isEqualTo("fathom quickstart: --data fashion-mnist: " + folder
                        + " lacks t10k-labels-idx1-ubyte.gz; put it there, or fetch all with ./fathom "
                        + "data fashion-mnist\n");

        Files.write(folder.resolve("t10k-labels-idx1-ubyte.gz"), new byte[] {1, 2, 3});
        assertThat(CommandLineRun.in(
                                lacking,
                                "quickstart",
                                "--epochs",
                                "1",
                                "--out",
                                temp.resolve("damaged").toString())
                        .err())
                .startsWith("fathom quickstart: ")
                .hasLineCount(1);
    }

    @Test
    void helpAndVersion() {
        assertThat(CommandLineRun.of("quickstart", "--help").out())
                .contains("--epochs=N", "--data=SET", "--threads=N", "--out=FOLDER");
        assertThat(CommandLineRun.of("--version").out()).startsWith("fathom ").contains("kernels");
        assertThat(CommandLineRun.of().out()).contains("quickstart", "data");
        CommandLineRun unknown = CommandLineRun.of("quickstar");
        assertThat(unknown.err())
                .isEqualTo("fathom: there is no command or argument quickstar; did you mean quickstart? (./fathom "
                        + "--help lists the"
                        + " options)\n");
        assertThat(unknown.code()).isEqualTo(2);
    }

    @Test
    void ctrlCKeepsWhatIsFinished() throws Exception {
        Path folder = temp.resolve("interrupted");
        Path printed = temp.resolve("interrupted.txt");
        Process process = subprocess(folder, printed);
        waitFor(process, printed, " 3/100000");
        int expected = interrupt(process);

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String out = Files.readString(printed);
        assertThat(process.exitValue()).as(out).isEqualTo(expected);
        assertThat(out)
                .contains("fathom: stopping after this step and writing what is finished; Ctrl-C again ends at once")
                .containsPattern("Stopped after \\d+ of 100000 epochs, in")
                .doesNotContain("Next:", "Exception");
        int epochs = Files.readAllLines(folder.resolve("history.csv")).size() - 1;
        assertThat(epochs).isGreaterThanOrEqualTo(3);
        assertThat(Safetensors.read(folder.resolve("net.safetensors")).names()).hasSize(6);
        assertThat(Files.readString(folder.resolve("report.html"))).contains(epochs + " epochs, validation included");
    }

    /** Endless training in a JVM of its own. */
    private static Process subprocess(Path folder, Path printed) throws IOException {
        return command(folder)
                .redirectErrorStream(true)
                .redirectOutput(printed.toFile())
                .start();
    }

    private static ProcessBuilder command(Path folder) {
        return new ProcessBuilder(new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dfathom.root=" + root,
                "-Dfathom.data=",
                "-Dfathom.cache=" + root.resolve("cache"),
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.fathom.cli.Main",
                "quickstart",
                "--epochs",
                "100000",
                "--threads",
                "2",
                "--out",
                folder.toString())));
    }

    private static void waitFor(Process process, Path printed, String words) throws Exception {
        for (int i = 0; i < 1200; i++) {
            String out = Files.readString(printed);
            if (out.contains(words)) {
                return;
            }
            assertThat(process.isAlive()).as(out).isTrue();
            Thread.sleep(50);
        }
        process.destroyForcibly();
        throw new AssertionError("a minute passed without " + words);
    }

    /**
     * Sends SIGINT, or SIGTERM where this JVM was started with SIGINT ignored, which children inherit; returns the exit
     * code to expect.
     */
    private static int interrupt(Process process) throws Exception {
        String status = Files.readString(Path.of("/proc/" + process.pid() + "/status"));
        long ignored = Long.parseUnsignedLong(
                status.lines()
                        .filter(l -> l.startsWith("SigIgn:"))
                        .findFirst()
                        .orElseThrow()
                        .split("\\s+")[1],
                16);
        boolean term = (ignored & 2) != 0;
        interrupt(process, term ? "-TERM" : "-INT");
        return term ? 143 : 130;
    }

    /**
     * Nobody reads what the training prints, so that it waits for ever: it comes to no end by itself, and the first
     * Ctrl-C waits with it.
     */
    @Test
    void secondCtrlCEndsAtOnce() throws Exception {
        Path errors = temp.resolve("twice.txt");
        ProcessBuilder builder = command(temp.resolve("twice")).redirectError(errors.toFile());
        // children inherit that a signal is ignored, as in the background of some shells: here it is not
        builder.command().addAll(0, List.of("env", "--default-signal=INT"));
        Process process = builder.start();
        try {
            int full = 0;
            // a busy machine makes a training pause, too, so that a second without a word is not enough
            for (int looks = 0, quiet = 0; looks < 1200 && quiet < 30; looks++) {
                Thread.sleep(100);
                int now = process.getInputStream().available();
                quiet = now > 4096 && now == full ? quiet + 1 : 0;
                full = now;
            }
            interrupt(process, "-INT");
            waitFor(process, errors, "fathom: stopping");
            assertThat(process.waitFor(2, TimeUnit.SECONDS))
                    .as("the first Ctrl-C waits for the training")
                    .isFalse();
            interrupt(process, "-INT");
            assertThat(process.waitFor(30, TimeUnit.SECONDS))
                    .as("the second Ctrl-C does not")
                    .isTrue();
            assertThat(process.exitValue()).isEqualTo(130);
        } finally {
            process.destroyForcibly();
        }
    }

    private static void interrupt(Process process, String signal) throws Exception {
        assertThat(new ProcessBuilder("kill", signal, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static CommandLineRun quickstart(String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "quickstart";
        System.arraycopy(args, 0, all, 1, args.length);
        return CommandLineRun.in(root, all);
    }
}
