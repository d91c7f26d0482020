package dev.fathom.labs.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.data.TinyImages;
import dev.fathom.experiments.statistics.SingularValues;
import dev.fathom.image.ModelCard;
import dev.fathom.image.Preprocessing;
import dev.fathom.io.Safetensors;
import dev.fathom.labs.LabCall;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

/** The short form of every lab on images, its files, its words. */
class ImageLabTest {
    private static final Pattern ACCURACY = Pattern.compile("Test accuracy (\\d+\\.\\d+) %");

    private static final Pattern PERCENT = Pattern.compile("(-?[\\d.]+) %");

    @TempDir
    Path temp;

    @Test
    void fashion() throws Exception {
        LabCall.Ended run = lab("fashion");
        assertThat(Files.readString(temp.resolve("report.html")))
                .contains("Fashion-MNIST: 6,000 images to learn from, 1,200 to choose the best epoch by, 1,200 for "
                        + "the test");
        assertThat(run.out())
                .contains("== LeNet-5\n", "== Small CNN\n")
                .containsPattern("LeNet-5 +61,706 +416,520 +2 +[\\d.]+ +\\d\\d\\.\\d\\d % +[\\d.]+ to [\\d.]+\n")
                .endsWith("All of it on one page: " + temp.resolve("report.html") + "\n");
        assertThat(accuracies(run)).hasSize(2).allMatch(a -> a > 65);
        assertThat(Safetensors.read(temp.resolve("lenet-5/net.safetensors")).shape("c1.weight"))
                .isEqualTo(Shape.of(6, 1, 5, 5));
        for (String file : List.of("report.html", "curves.png", "confusion.png", "wrong.png", "history.csv")) {
            assertThat(temp.resolve("small-cnn").resolve(file)).isNotEmptyFile();
        }
        var page = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(Files.readString(temp.resolve("report.html")))));
        assertThat(page.getElementsByTagName("img").getLength()).isEqualTo(1);
        var links = page.getElementsByTagName("a");
        assertThat(links.getLength()).isEqualTo(2);
        for (int i = 0; i < links.getLength(); i++) {
            String to = links.item(i).getAttributes().getNamedItem("href").getNodeValue();
            assertThat(temp.resolve(to)).isNotEmptyFile();
        }
    }

    /** What is finished is not trained again, and a later run goes on to more epochs. */
    @Test
    void resumeGoesOn() throws IOException {
        Path root = TinyImages.write(temp.resolve("tiny"));
        LabCall lab = LabCall.of("fashion", temp.resolve("out")).epochs(1).resume();
        LabCall.Ended first = lab.in(root);
        assertThat(first.failure()).isEmpty();
        LabCall.Ended again = lab.in(root);
        assertThat(again.failure()).isEmpty();
        assertThat(again.out()).contains("resumed from ").doesNotContain("epoch 1/1");
        assertThat(accuracies(again)).isEqualTo(accuracies(first));
    }

    /** All images are of one class, so that no answer is wrong. */
    @Test
    void aNetworkThatIsAlwaysRightHasNoSheetOfWrongAnswers() throws IOException {
        Path root = TinyImages.write(temp.resolve("tiny"));
        Path folder = root.resolve("test-data/fashion-mnist");
        TinyImages.idx(folder.resolve("train-labels-idx1-ubyte.gz"), new byte[TinyImages.TRAIN], TinyImages.TRAIN);
        TinyImages.idx(folder.resolve("t10k-labels-idx1-ubyte.gz"), new byte[TinyImages.TEST], TinyImages.TEST);
        LabCall.Ended run = LabCall.of("fashion", temp.resolve("out")).epochs(1).in(root);
        assertThat(run.failure()).isEmpty();
        assertThat(accuracies(run)).hasSize(2).allMatch(a -> a == 100);
        assertThat(run.out()).doesNotContain("wrong.png");
        assertThat(temp.resolve("out/lenet-5/report.html"))
                .content()
                .contains("Every answer about the test images is right.");
    }

    @Test
    void theFirstPlaceOfACurveThatIsHighEnough() {
        double[][] curve = {{10, 20, 30}, {0.5, 0.8, 0.7}};
        assertThat(BatchNormLab.stepsTo(0.7, curve)).isEqualTo(20);
        assertThat(BatchNormLab.stepsTo(0.8, curve)).isEqualTo(20);
        assertThat(BatchNormLab.stepsTo(0.81, curve)).isEqualTo(-1);
    }

    /** The best of the first curve, 0.8, is there after 40 steps, and on the second one after 10, at 0.9. */
    @Test
    void stepsAreSavedUpToTheBestOfTheNetworkWithoutNormalization() {
        double[][] none = {{10, 20, 30, 40, 50}, {0.5, 0.7, 0.6, 0.8, 0.75}};
        assertThat(BatchNormLab.timesFewer(none, new double[][] {{10, 20}, {0.9, 0.95}}))
                .isEqualTo(4);
        assertThat(BatchNormLab.timesFewer(none, none)).isEqualTo(1);
        assertThat(BatchNormLab.timesFewer(none, new double[][] {{10, 20}, {0.7, 0.79}}))
                .isZero();
    }

    /** Trains one network twice with one seed and order, and only the changes to the images differ. */
    @Test
    void aHundredClassesFromAUsersFolderWithAndWithoutAugmentation() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("mine"));
        for (int part = 0; part < 2; part++) {
            byte[] records = new byte[(part == 0 ? 145 : 10) * 3074];
            new Random(part).nextBytes(records);
            for (int i = 0; i < records.length; i += 3074) {
                records[i] = 0;
                records[i + 1] = (byte) (i / 3074 % 100);
            }
            Files.write(folder.resolve(part == 0 ? "train.bin" : "test.bin"), records);
        }
        LabCall.Ended run = LabCall.of("cifar", temp).epochs(1).data(folder).completed();
        assertThat(run.out()).contains("Textbook  ", "964,516");
        assertThat(Files.readString(temp.resolve("report.html")))
                .contains("CIFAR-100: 133 images to learn from, 12 to choose the best epoch by, 10 for the test");
        for (String net : List.of("textbook", "resnet-20")) {
            assertThat(loss(net)).isNotEqualTo(loss(net + "-augmented"));
        }
        ModelCard card = ModelCard.read(temp.resolve("resnet-20/net.safetensors"));
        assertThat(card.network()).isEqualTo("resnet20");
        assertThat(card.classes()).hasSize(100).startsWith("apple", "aquarium fish");
        try (Images plain = ImageSet.CIFAR100.images(folder, 1);
                Images images = plain.normalized()) { // one scale for all three
            Preprocessing input = plain.input(); // what a model card says of it
            try (var pass = Pass.infer()) {
                float[] known = images.test().batches(1).epoch(0).next().x().toArray();
                float[] photo = input.tensor(
                                new Preprocessing.Photo(images.test().pixels(0), 32, 32, List.of()))
                        .toArray();
                assertThat(photo).containsExactly(known, within(1e-4f));
            }
            for (var part : List.of(images.learn(), images.choose(), images.test())) {
                try (var pass = Pass.infer()) {
                    float[] x = part.batches(1).epoch(0).next().x().toArray();
                    assertThat(images.learn().pixels(x)).isEqualTo(part.pixels(0));
                }
            }
        }
    }

    /** Of the only epoch. */
    private String loss(String net) throws IOException {
        List<String> lines = Files.readAllLines(temp.resolve(net).resolve("history.csv"));
        return lines.get(1).split(",")[List.of(lines.get(0).split(",")).indexOf("loss")];
    }

    @Test
    void otherImagesAndTooFewAreRefusedBeforeTheTraining() throws IOException {
        Path folder = TinyImages.write(temp.resolve("tiny")).resolve("test-data/fashion-mnist");
        LabCall lab = LabCall.of("batchnorm", temp.resolve("out")).data(folder);
        byte[] letters = new byte[TinyImages.TEST];
        letters[3] = 25;
        TinyImages.idx(folder.resolve("t10k-labels-idx1-ubyte.gz"), letters, TinyImages.TEST);
        assertThat(lab.run().failure())
                .isEqualTo(folder + ": Dataset [120, 28, 28] of U8, 26 classes is not Fashion-MNIST, "
                        + "which is images [28, 28, 1] in 10 classes; give another folder");
        TinyImages.write(temp.resolve("tiny"));
        byte[] pixels = new byte[100 * 784];
        pixels[0] = 1;
        TinyImages.idx(folder.resolve("train-images-idx3-ubyte.gz"), pixels, 100, 28, 28);
        TinyImages.idx(folder.resolve("train-labels-idx1-ubyte.gz"), new byte[100], 100);
        assertThat(lab.run().failure())
                .isEqualTo(
                        "No normalization learns batches of 128 images but there are 92; " + "give a folder with more");
    }

    @Test
    void mnist() throws IOException {
        TestData.assume("mnist");
        LabCall.Ended run = lab("mnist");
        assertThat(Files.readString(temp.resolve("report.html")))
                .contains("99.15 to 99.21", "PyTorch&#39;s example, by Adadelta");
        assertThat(accuracies(run))
                .as("two networks, and two of Keras")
                .hasSize(4)
                .allMatch(a -> a > 80);
    }

    @Test
    void cifar() {
        TestData.assume("cifar10");
        LabCall.Ended run = lab("cifar");
        assertThat(accuracies(run)).hasSize(4).allMatch(a -> a > 15);
    }

    @Test
    void batchNorm() throws IOException {
        LabCall.Ended run = lab("batchnorm");
        // without normalization these 90 steps hang on a rounding: 18 to 62 % by seed and by kernel
        assertThat(accuracies(run)).hasSize(5);
        assertThat(accuracies(run).subList(1, 4)).allMatch(a -> a > 50);
        assertThat(accuracies(run).get(4)).isGreaterThan(20); // its rate is large for so few steps
        // the table says what the looks at the images held out say, which lie in a file of each network
        List<double[]> none = looks("no-normalization");
        double level = none.stream().mapToDouble(look -> look[1]).max().orElseThrow();
        assertThat(run.out()).containsPattern(line("up\\s+to\\s+%.2f\\s+%%", 100 * level));
        assertThat(run.out()).containsPattern("network +steps to equal accuracy +times fewer steps\n");
        for (String name : List.of(
                "No normalization",
                "Before the activation",
                "After the activation",
                "Instead of dropout",
                "Five times the rate")) {
            String steps = looks(name.toLowerCase(Locale.ROOT).replace(' ', '-')).stream()
                    .filter(look -> look[1] >= level)
                    .findFirst()
                    .map(look -> line("%,d steps +%.1f", (long) look[0], stepsTo(level, none) / look[0]))
                    .orElse("not reached +0.0");
            assertThat(run.out()).containsPattern(name + " +" + steps + "\n");
        }
        assertThat(Files.readString(temp.resolve("report.html"))).contains("14 times fewer steps");
    }

    /** Steps and the accuracy on the images held out after them. */
    private List<double[]> looks(String network) throws IOException {
        return Files.readAllLines(temp.resolve(network).resolve("milestones.csv")).stream()
                .map(look -> look.split(","))
                .map(cells -> new double[] {Double.parseDouble(cells[0]), Double.parseDouble(cells[1])})
                .toList();
    }

    private static double stepsTo(double level, List<double[]> looks) {
        return looks.stream().filter(look -> look[1] >= level).findFirst().orElseThrow()[0];
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /** The shares in a line that begins with {@code name} and has {@code count} of them. */
    private static double[] row(LabCall.Ended run, String name, int count) {
        return run.out()
                .lines()
                .filter(line -> line.startsWith(name))
                .map(line -> PERCENT.matcher(line)
                        .results()
                        .mapToDouble(found -> Double.parseDouble(found.group(1)))
                        .toArray())
                .filter(shares -> shares.length == count)
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " has no " + count + " shares in " + run.out()));
    }

    /** The share of activations that are 0, behind the mean activity and the published one. */
    private static double silent(LabCall.Ended run, String name) {
        Matcher line = Pattern.compile("\n" + name + " +[\\d.]+ +about [\\d.]+ +([\\d.]+) %")
                .matcher(run.out());
        assertThat(line.find()).as(run.out()).isTrue();
        return Double.parseDouble(line.group(1));
    }

    @Test
    void fgsm() {
        TestData.assume("mnist");
        TestData.assume("cifar10");
        LabCall.Ended run = lab("fgsm");
        assertThat(run.out()).containsPattern("PyTorch's tutorial +99.12 % +96.05 % .* 14.18 %\n");
        double[] attacked = row(run, "PyTorch's example  ", 7);
        assertThat(attacked[0]).isEqualTo(accuracies(run).get(0));
        for (int e = 1; e < attacked.length; e++) {
            assertThat(attacked[e]).isLessThan(attacked[e - 1]);
        }
        assertThat(row(run, "Softmax regression", 7)[5]).isLessThan(5);
        assertThat(temp.resolve("adversarial.png")).isNotEmptyFile();
        assertThat(run.out()).containsPattern("Maxout on CIFAR-10 +[\\d.]+ % +[\\d.]+ % +[\\d.]+ %\n");
        assertThat(temp.resolve("photographs.png")).isNotEmptyFile();
    }

    @Test
    void permutation() {
        LabCall.Ended run = lab("permutation");
        double[] mlp = row(run, "MLP  ", 2);
        double[] cnn = row(run, "LeNet-5  ", 2);
        assertThat(mlp[1]).isCloseTo(mlp[0], within(3.0));
        assertThat(cnn[1]).isLessThan(cnn[0] - 2);
        assertThat(run.out())
                .containsPattern("MLP +235,146 ")
                .containsPattern("LeNet-5 +61,706 ")
                .containsPattern("first matrix permuted, gives [01] of 2,000 permuted");
        assertThat(temp.resolve("permuted.png")).isNotEmptyFile();
    }

    @Test
    void depth() {
        TestData.assume("mnist");
        LabCall.Ended run = lab("depth");
        assertThat(run.out()).contains("more, all of them in report.html");
        for (String network :
                List.of("Delta 16", "Gauss 16", "Delta 32", "Gauss 32", "Delta 256", "Gauss 256", "Residual 256")) {
            Matcher row = Pattern.compile(network + " +[\\d.]+ +([\\d.]+) +(yes|no)\n")
                    .matcher(run.out());
            assertThat(row.find()).as(network).isTrue();
            boolean learned = Double.parseDouble(row.group(1)) < Math.log(10) / 2;
            assertThat(row.group(2)).isEqualTo(learned ? "yes" : "no");
        }
    }

    /** The variance of a share p of n images is p (1 - p) / n, and that of a difference is the sum of both. */
    @Test
    void theErrorOfADifferenceOfTwoShares() {
        assertThat(AugmentLab.error(0.5, 0.5, 200)).isCloseTo(0.05, within(1e-12));
        assertThat(AugmentLab.error(0.1, 0.8, 100)).isCloseTo(0.05, within(1e-12));
        assertThat(AugmentLab.error(0, 1, 100)).isZero();
    }

    @Test
    void singularValuesOfKnownMatrices() {
        assertThat(SingularValues.of(new double[][] {{3, 0}, {4, 5}}))
                .containsExactly(new double[] {Math.sqrt(45), Math.sqrt(5)}, within(1e-12));
        assertThat(SingularValues.of(new double[][] {{0, -2, 0}, {1, 0, 0}, {0, 0, 0}}))
                .containsExactly(new double[] {2, 1, 0}, within(1e-15));
        double[][] hilbert = new double[4][4];
        for (int i = 0; i < 16; i++) {
            hilbert[i / 4][i % 4] = 1.0 / (1 + i / 4 + i % 4);
        }
        assertThat(SingularValues.of(hilbert))
                .containsExactly(
                        new double[] {1.500214280059243, 0.1691412202214497, 6.738273605760729e-3, 9.67023040225871e-5},
                        within(1e-12));
    }

    @Test
    void dropout() {
        TestData.assume("mnist");
        LabCall.Ended run = lab("dropout");
        assertThat(accuracies(run)).hasSize(7);
        assertThat(accuracies(run).subList(0, 2)).allMatch(a -> a > 80);
        assertThat(accuracies(run).subList(2, 7)).allMatch(a -> a > 70); // after one epoch
        assertThat(run.out())
                .contains("1.60 % (2 x 800, logistic)", "1.35 % (3 x 1024, logistic)")
                .containsPattern("Autoencoder without dropout +\\d+\\.\\d\\d +about 2.0")
                .containsPattern("Autoencoder with dropout +\\d+\\.\\d\\d +about 0.7");
        // fewer units speak at a time
        assertThat(silent(run, "Autoencoder with dropout")).isGreaterThan(silent(run, "Autoencoder without dropout"));
        for (String file : List.of("activity.png", "features-with-dropout.png", "features-without-dropout.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    @Test
    void transfer() {
        TestData.assume("cifar10");
        LabCall.Ended run = lab("transfer");
        assertThat(run.out()).containsPattern("ship or truck, by examples +20 +200\n");
        double[] head = row(run, "new head, frozen body", 2);
        double[] tuned = row(run, "new head, all tuned", 2);
        double[] scratch = row(run, "from scratch", 2);
        assertThat(head[0]).isGreaterThan(60).isGreaterThan(scratch[0]);
        assertThat(tuned[1]).isGreaterThan(65).isGreaterThan(scratch[1]);
        assertThat(temp.resolve("by-examples.png")).isNotEmptyFile();
    }

    @Test
    void augment() throws IOException {
        TestData.assume("cifar10");
        LabCall.Ended run = lab("augment");
        assertThat(accuracies(run)).hasSize(8);
        assertThat(row(run, "1,600 images  ", 2)[0]).isGreaterThan(row(run, "200 images  ", 2)[0]);
        double[] shares = row(run, "400 images  ", 2);
        // 1.96 standard errors, which the rounding of the shares moves by less than 0.01
        double half = 196 * AugmentLab.error(shares[0] / 100, shares[1] / 100, 320);
        Matcher gain = Pattern.compile("([-+][\\d.]+) points +± ([\\d.]+)\n").matcher(run.out());
        assertThat(gain.find(run.out().indexOf("400 images  "))).isTrue();
        assertThat(Double.parseDouble(gain.group(1))).isCloseTo(shares[1] - shares[0], within(0.015));
        assertThat(Double.parseDouble(gain.group(2))).isCloseTo(half, within(0.015));
        for (String size : List.of("200", "1-600")) { // the same network, seed and order
            assertThat(loss(size)).isNotEqualTo(loss(size + "-augmented"));
        }
        assertThat(temp.resolve("by-images.png")).isNotEmptyFile();
    }

    @Test
    void filters() {
        TestData.assume("cifar10");
        LabCall.Ended run = lab("filters");
        double explained = row(run, "learned  ", 2)[0];
        assertThat(explained)
                .isGreaterThan(1.5 * row(run, "at the start", 2)[0])
                .isGreaterThan(45);
        assertThat(temp.resolve("filters.png")).isNotEmptyFile();
    }

    @Test
    void pretrained() {
        TestData.assume("islr/book_images");
        TestData.assume("pretrained-imagenet");
        LabCall.Ended run = lab("pretrained");
        String top = "(\\S[^%]* %, ){2}\\S[^%]* %";
        assertThat(run.out())
                .containsPattern("flamingo.jpg +flamingos in water +spoonbill 84.1 %, .* +spoonbill 85.4 %, .* "
                        + "+flamingo 61.0 %, spoonbill")
                .containsPattern("huey.jpg +a small long-haired dog +Lhasa 44.0 %, .* +Lhasa 44.0 %, ")
                .containsPattern("weaver.jpg +a yellow weaver bird +lemon 22.4 %, .* +lemon 22.4 %, ")
                .containsPattern("huey.jpg was Lhasa \\(44.0 %\\) and is (?!Lhasa).* after the change. Lhasa keeps "
                        + "[0-9]\\.\\d %")
                .containsPattern("kitty.jpg +a black and white cat lying on its back +" + top + " +" + top);
        // the figure is the probability of the class that the other program names first, whatever this one names first
        assertThat(row(run, "hawk_cropped.jpg", 10))
                .containsSequence(23.7, 18.0)
                .endsWith(18.05);
        assertThat(temp.resolve("panda.png")).isNotEmptyFile();
    }

    @Test
    void photographsWithoutTheirListAreASentence() throws IOException {
        LabCall lab = LabCall.of("pretrained", temp.resolve("out")).data(temp);
        Path list = temp.resolve("expected.tsv");
        assertThat(lab.run().failure())
                .isEqualTo(list + " cannot be read; name the folder of the textbook's photographs with --data");
        for (String bad :
                List.of("x", "a.jpg\tx\tsqueezenet1_1\t1\t1000\tx\t0.5", "a.jpg\tx\tsqueezenet1_1\t1\t1\tx\tmuch")) {
            Files.writeString(list, "file\n" + bad + "\n");
            assertThat(lab.run().failure())
                    .isEqualTo(list
                            + " has a line that is none of file, content, model, rank, class_index, "
                            + "class_name, probability: " + bad);
        }
        Files.writeString(list, "file\n");
        LabCall.Ended empty = lab.run();
        assertThat(empty.failure()).isEqualTo(list + " names no photographs; replace it");
    }

    @Test
    void imagesOfSomeClassesAndInAnotherOrder() throws IOException {
        Path folder = TinyImages.write(temp.resolve("tiny")).resolve("test-data/fashion-mnist");
        try (Images all = ImageSet.FASHION_MNIST.images(folder, 1);
                Images two = all.only(9, 3);
                Images permuted = all.permuted(7)) {
            assertThat(two.classes()).containsExactly("Ankle boot", "Dress");
            int at = 0;
            for (int i = 0; i < all.test().size(); i++) {
                int label = all.test().label(i);
                if (label == 9 || label == 3) {
                    assertThat(two.test().label(at)).isEqualTo(label == 9 ? 0 : 1);
                    assertThat(two.test().pixels(at++)).isEqualTo(all.test().pixels(i));
                }
            }
            assertThat(two.test().size()).isEqualTo(at).isPositive();
            int[] order = all.order(7);
            byte[] before = all.learn().pixels(5);
            byte[] after = permuted.learn().pixels(5);
            for (int i = 0; i < order.length; i++) {
                assertThat(after[i]).isEqualTo(before[order[i]]);
            }
            assertThat(permuted.learn().label(5)).isEqualTo(all.learn().label(5));
        }
    }

    private LabCall.Ended lab(String name) {
        return LabCall.brief(name, temp);
    }

    private static List<Double> accuracies(LabCall.Ended run) {
        return ACCURACY.matcher(run.out())
                .results()
                .map(found -> Double.valueOf(found.group(1)))
                .toList();
    }

    /** As many parameters as Keras prints for its two examples. */
    @Test
    void theNetworksOfKeras() {
        try (Model<?> convolutional = Model.of(MnistLab.kerasConvolutional(), 1);
                Model<?> dense = Model.of(MnistLab.kerasDense(), 1)) {
            assertThat(convolutional.parameterCount()).isEqualTo(34_826);
            assertThat(dense.parameterCount()).isEqualTo(669_706);
        }
    }
}
