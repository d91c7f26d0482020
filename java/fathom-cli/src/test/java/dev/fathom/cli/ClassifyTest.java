package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.experiments.data.Pretrained;
import dev.fathom.image.ModelCard;
import dev.fathom.image.Preprocessing;
import dev.fathom.nets.CifarResNet;
import dev.fathom.nets.SqueezeNet;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom classify}: photographs from files, folders and standard input, and a sentence for what is none. */
class ClassifyTest {
    private static final Pattern ROW = Pattern.compile("(?m)^ +([\\d.]+) %  (=*) +(class \\d+)$");

    @TempDir
    static Path data;

    @TempDir
    Path temp;

    private Path photos;

    /** A network that has learned nothing, in place of weights that are no part of the project. */
    @BeforeAll
    static void weights() throws IOException {
        try (var model = Model.of(SqueezeNet.squeezenet1_1(1000), 1)) {
            model.save(data.resolve("squeezenet1_1.safetensors"));
        }
        Files.write(data.resolve("synset_words.txt"), words(1000));
    }

    private static List<String> words(int n) {
        return IntStream.range(0, n).mapToObj(i -> "n0000 class " + i).toList();
    }

    @BeforeEach
    void photos() throws IOException {
        photos = Files.createDirectory(temp.resolve("photos"));
    }

    private static byte[] encoded(int h, int w, String format) throws IOException {
        Random random = new Random(h);
        BufferedImage image = new BufferedImage(w, h, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < h * w; i++) {
            image.setRGB(i % w, i / w, random.nextInt());
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, format, out)).isTrue();
        return out.toByteArray();
    }

    private Path put(String name, byte[] bytes) throws IOException {
        return Files.write(photos.resolve(name), bytes);
    }

    private static CommandLineRun run(Object... args) {
        List<String> all = Arrays.stream(args).map(Object::toString).collect(Collectors.toList());
        all.addAll(0, List.of("classify", "--data", data.toString()));
        return CommandLineRun.of(all.toArray(String[]::new));
    }

    @Test
    void fiveClassesTheMostProbableFirst() throws IOException {
        Path a = put("a.png", encoded(240, 300, "png"));
        CommandLineRun run = run(a);
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out()).startsWith(a + "\n").doesNotContain("(");
        List<MatchResult> rows = ROW.matcher(run.out()).results().toList();
        assertThat(rows).hasSize(5);
        assertThat(rows).extracting(r -> -Double.parseDouble(r.group(1))).isSorted();
        assertThat(rows).extracting(r -> r.group(3)).doesNotHaveDuplicates();
        for (MatchResult row : rows) {
            assertThat((double) row.group(2).length())
                    .isBetween(
                            30 * Double.parseDouble(row.group(1)) / 100 - 0.6,
                            30 * Double.parseDouble(row.group(1)) / 100 + 0.6);
        }
        assertThat(ROW.matcher(run("--top", "1000", a).out())
                        .results()
                        .mapToDouble(r -> Double.parseDouble(r.group(1)))
                        .sum())
                .as("probabilities")
                .isBetween(50.0, 150.0); // each is rounded
        assertThat(ROW.matcher(run("--top", "2", a).out()).results()).hasSize(2);
    }

    @Test
    void aFolderIsReadInTheOrderOfNames() throws IOException {
        put("b.JPG", encoded(60, 80, "jpeg"));
        put("a.bmp", encoded(60, 81, "bmp"));
        put("notes.txt", new byte[3]);
        put(".hidden.png", new byte[3]);
        Files.createDirectory(photos.resolve("folder.png"));
        CommandLineRun run = run("--top", "1", photos);
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .matches("(?s)\\Q" + photos.resolve("a.bmp") + "\\E\n.*\\Q" + photos.resolve("b.JPG") + "\\E\n.*");
        assertThat(ROW.matcher(run.out()).results()).hasSize(2);
    }

    @Test
    void standardInputIsOnePhotograph() throws IOException {
        byte[] png = encoded(64, 64, "png");
        InputStream before = System.in;
        try {
            System.setIn(new ByteArrayInputStream(png));
            CommandLineRun piped = run("-");
            CommandLineRun named = run(put("a.png", png));
            assertThat(piped.code()).isZero();
            assertThat(piped.out()).startsWith("standard input\n");
            assertThat(piped.out().lines().skip(1))
                    .isEqualTo(named.out().lines().skip(1).toList());
            System.setIn(new ByteArrayInputStream(new byte[0]));
            CommandLineRun empty = run("-");
            assertThat(empty.err()).isEqualTo("standard input: it is empty\n");
            assertThat(empty.code()).isEqualTo(1);
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void oneBadPhotographDoesNotLoseTheOthers() throws Exception {
        Path good = put("a.png", encoded(64, 64, "png"));
        byte[] jpeg = encoded(64, 64, "jpeg");
        Path half = put("b.jpg", Arrays.copyOf(jpeg, jpeg.length / 2));
        Path gif = put("c.png", "GIF89a......".getBytes(StandardCharsets.US_ASCII));
        Path pixel = put("d.png", encoded(1, 1, "png"));
        Path empty = Files.createDirectory(temp.resolve("empty"));
        Path page = temp.resolve("pages/x & y.html");
        CommandLineRun run = run(photos, empty, temp.resolve("none.png"), "--html", page);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err().lines())
                .hasSize(5)
                .anyMatch(l -> l.startsWith(half + ": its JPEG data are damaged ("))
                .contains(
                        gif + ": it is a GIF, which is not read; save it as PNG, JPEG or BMP",
                        empty + ": the folder has no file .png, .jpg, .jpeg or .bmp",
                        temp.resolve("none.png") + ": it cannot be read (No such file or directory)",
                        "fathom classify: 4 of 6 were not read");
        assertThat(run.out())
                .contains(good + "\n", pixel + "\n    (it has only 1 x 1 pixels, too few to show much)\n")
                .endsWith("The page: " + page + "\n");
        assertThat(ROW.matcher(run.out()).results()).hasSize(10);

        var html = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(page.toFile());
        assertThat(html.getElementsByTagName("img").getLength()).isEqualTo(2);
        assertThat(html.getElementsByTagName("li").getLength()).isEqualTo(10);
        assertThat(html.getElementsByTagName("figcaption").item(0).getTextContent())
                .isEqualTo("a.png");
        assertThat(html.getElementsByTagName("main").item(0).getTextContent())
                .contains("Not read", "it is a GIF", "too few to show much", "(bilinear), the middle 224 x 224");
        assertThat(run(good, empty).err()).endsWith("fathom classify: 1 of 2 were not read\n");
        assertThat(run(empty).err()).isEqualTo(empty + ": the folder has no file .png, .jpg, .jpeg or .bmp\n");
        assertThat(run(good, "--html", temp.resolve("folder")).code()).isZero();
        assertThat(temp.resolve("folder/report.html")).isRegularFile();
    }

    @Test
    void whatIsMissingIsSaidInALine() throws IOException {
        Path a = put("a.png", encoded(64, 64, "png"));
        CommandLineRun none = CommandLineRun.in(temp, "classify", a.toString());
        assertThat(none.err())
                .isEqualTo("fathom classify: the weights of squeezenet1_1 are not here: "
                        + temp.resolve("cache/data/pretrained-imagenet/squeezenet1_1.safetensors")
                        + " is missing; put torchvision's there as safetensors, or name their folder with --data\n");
        assertThat(none.code()).isEqualTo(1);
        assertThat(CommandLineRun.in(temp, "classify", "--list").out())
                .containsPattern("squeezenet1_1 +imagenet +not here\n")
                .containsPattern("resnet20 +cifar10 +not here\n");
        assertThat(run("--list").out()).contains(data.toString());

        Path other = Files.createDirectory(temp.resolve("other"));
        Files.copy(data.resolve("squeezenet1_1.safetensors"), other.resolve("squeezenet1_1.safetensors"));
        String words = other.resolve("synset_words.txt").toString();
        assertThat(CommandLineRun.of("classify", a.toString(), "--data", other.toString())
                        .err())
                .isEqualTo("fathom classify: " + words
                        + " cannot be read; put ImageNet's file of that name there, a line for each of "
                        + "the 1,000 classes\n");
        Files.write(Path.of(words), words(999));
        assertThat(CommandLineRun.of("classify", a.toString(), "--data", other.toString())
                        .err())
                .isEqualTo("fathom classify: " + words
                        + " has 999 lines and not the names of 1,000 classes; replace it\n");
        Files.write(Path.of(words), words(1000));
        Files.copy(data.resolve("squeezenet1_1.safetensors"), other.resolve("resnet18.safetensors"));
        CommandLineRun wrong =
                CommandLineRun.of("classify", a.toString(), "--model", "resnet18", "--data", other.toString());
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.err()).startsWith("fathom classify: load: " + other.resolve("resnet18.safetensors"));
    }

    @Test
    void everyNetworkThatIsListedIsThere() {
        assertThat(Pretrained.ALL).extracting(Pretrained::name).doesNotHaveDuplicates();
        assertThat(Pretrained.ALL).allSatisfy(p -> assertThat(p.net()).isNotNull());
    }

    /** Weights that a user has trained: the file says which network, what it sees and what its classes are called. */
    @Test
    void aUsersWeightsAnswerWithTheirOwnClasses() throws IOException {
        Path photo = put("a.png", encoded(40, 50, "png"));
        Path file = temp.resolve("Mine.safetensors");
        var card = new ModelCard(
                "resnet20", Preprocessing.SYMMETRIC.size(32, 32).shorter(36), List.of("ant", "bee", "cow"));
        try (var model = Model.of(new CifarResNet(3, 3), 5)) {
            model.save(file, card.metadata());
            CommandLineRun run = CommandLineRun.of("classify", photo.toString(), "--model", file.toString());
            assertThat(run.err()).isEmpty();
            assertThat(run.code()).isZero();
            try (var pass = Pass.infer()) {
                float[] p = model.net()
                        .apply(card.input().tensor(card.input().read(photo)))
                        .softmax(-1)
                        .toArray();
                for (int k = 0; k < 3; k++) {
                    assertThat(run.out())
                            .containsPattern(String.format(
                                    Locale.ROOT,
                                    "%.1f %%  =* +%s\n",
                                    100 * p[k],
                                    card.classes().get(k)));
                }
            }
            CommandLineRun see = CommandLineRun.of(
                    "see",
                    file.toString(),
                    photo.toString(),
                    "--steps",
                    "0",
                    "--out",
                    temp.resolve("see").toString());
            assertThat(see.err()).isEmpty();
            assertThat(Files.readString(temp.resolve("see/report.html")))
                    .contains("What Mine sees in a.png", "32 x 32 pixels");

            model.save(file);
            assertThat(CommandLineRun.of("classify", photo.toString(), "--model", file.toString())
                            .err())
                    .isEqualTo("fathom classify: " + file
                            + ": its metadata have no fathom.network, which says how the weights are used; "
                            + "save them with model.save(file, card.metadata())\n");
            model.save(file, new ModelCard("bestnet", card.input(), card.classes()).metadata());
            CommandLineRun unknown = CommandLineRun.of("classify", photo.toString(), "--model", file.toString());
            assertThat(unknown.code()).isEqualTo(1);
            assertThat(unknown.err())
                    .startsWith("fathom classify: " + file
                            + ": its weights are of a network bestnet, which is not known by name; there "
                            + "are squeezenet1_1, ");
            List<String> many =
                    IntStream.range(0, 900_000).mapToObj(i -> "c" + i).toList();
            model.save(file, new ModelCard("resnet20", card.input(), many).metadata());
            assertThat(CommandLineRun.of("classify", photo.toString(), "--model", file.toString())
                            .err())
                    .isEqualTo("fathom classify: " + file
                            + ": it names 900000 classes, but no tensor in it has a row for each; "
                            + "save the weights again with the classes they know\n");
            model.save(file, new ModelCard("resnet18", card.input(), card.classes()).metadata());
            assertThat(CommandLineRun.of("classify", photo.toString(), "--model", file.toString())
                            .err())
                    .startsWith("fathom classify: load: " + file + " does not fit the model: ");
        }
        assertThat(CommandLineRun.of("classify", photo.toString(), "--model", temp + "/none.safetensors")
                        .err())
                .isEqualTo("fathom classify: cannot read " + temp
                        + "/none.safetensors: it does not exist; give the path of a safetensors file\n");
    }

    @Test
    void wrongCommandLines() {
        assertThat(run().err())
                .isEqualTo("fathom classify: no photographs; name files or folders, or - for standard input"
                        + " (./fathom classify --help lists the options)\n");
        CommandLineRun unknown = run("x.png", "--model", "bestnet");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).startsWith("fathom classify: there is no model bestnet; there are squeezenet1_1, ");
        assertThat(run("x.png", "--top", "0").err()).startsWith("fathom classify: --top 0: choose at least 1");
    }

    @Test
    void thePhotographsAreNamed() {
        String folder = System.getenv("FATHOM_DATA");
        assumeTrue(
                folder != null
                        && Files.isDirectory(Path.of(folder, "photos"))
                        && Files.isDirectory(Path.of(folder, "pretrained-imagenet"))
                        && Files.isDirectory(Path.of(folder, "pretrained-cifar10")),
                "classify is not tested with published weights: FATHOM_DATA has no folders photos, "
                        + "pretrained-imagenet and"
                        + " pretrained-cifar10");
        CommandLineRun run = CommandLineRun.of("classify", "--top", "1", folder + "/photos");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        List<String> safe = List.of(
                "bird.png chickadee",
                "cat.bmp Egyptian cat",
                "cat.png Egyptian cat",
                "dragonfly.png dragonfly, ",
                "hot_dog.jpg hotdog, ",
                "hotdog_train_0.png hotdog, ",
                "parrot.jpg macaw");
        assertThat(safe).allSatisfy(line -> {
            String[] words = line.split(" ", 2);
            assertThat(run.out()).containsPattern("/\\Q" + words[0] + "\\E\n +[\\d.]+ %  =* +\\Q" + words[1] + "\\E");
        });
        assertThat(CommandLineRun.of("classify", "--model", "resnet20", "--top", "1", folder + "/photos/parrot.jpg")
                        .out())
                .contains(" bird\n");
    }
}
