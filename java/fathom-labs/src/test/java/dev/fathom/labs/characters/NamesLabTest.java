package dev.fathom.labs.characters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.FirstNames;
import dev.fathom.experiments.data.NameParts;
import dev.fathom.experiments.statistics.NgramModel;
import dev.fathom.labs.LabCall;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab on names, its models, and what it says of files that are none of names. */
class NamesLabTest {
    @TempDir
    Path temp;

    /** The likelihood on the test, which is the last but two of a row. */
    private static double test(String out, String model) {
        Matcher row = Pattern.compile("^" + model + " .*?([\\d.]+) nats +[\\d.]+ +[\\d.]+ nats$", Pattern.MULTILINE)
                .matcher(out);
        assertThat(row.find()).as("%s in %s", model, out).isTrue();
        return Double.parseDouble(row.group(1));
    }

    @Test
    void shortForm() {
        TestData.assume("names");
        LabCall.Ended run = LabCall.brief("names", temp);
        double pairs = test(run.out(), "2-gram counts");
        assertThat(pairs).isBetween(2.4, 2.55).isLessThan(test(run.out(), "1-gram counts") - 0.25);
        assertThat(test(run.out(), "MLP")).isLessThan(pairs - 0.03);
        assertThat(test(run.out(), "GRU")).isLessThan(pairs - 0.12);
        assertThat(test(run.out(), "Transformer")).isLessThan(pairs - 0.05);
        assertThat(run.out())
                .containsPattern("GRU +[89]\\d\\.\\d % +\\d+\\.\\d % +[567]\\.\\d +([a-z]+, ){11}[a-z]+\n")
                .doesNotContain("images");
        assertThat(temp.resolve("report.html"))
                .content()
                .contains("32,033 names: 2,400 for training, 300 for validation, 300 for the test");
        assertThat(temp.resolve("letters.png")).isNotEmptyFile();
    }

    /** Made of syllables, so that something can be learned of them. */
    private static List<String> made(int count) {
        Random random = new Random(1);
        List<String> syllables = List.of("an", "na", "el", "li", "ma", "ro", "sha", "den", "wy", "tor");
        List<String> names = new ArrayList<>();
        while (names.size() < count) {
            StringBuilder name = new StringBuilder();
            for (int n = 2 + random.nextInt(3); n > 0; n--) {
                name.append(syllables.get(random.nextInt(syllables.size())));
            }
            names.add(name.toString());
        }
        return names;
    }

    private LabCall call(String text) throws IOException {
        Path folder = Files.createDirectories(temp.resolve("mine"));
        Files.writeString(folder.resolve("names.txt"), text, StandardCharsets.UTF_8);
        return LabCall.of("names", temp.resolve("out")).brief().data(folder);
    }

    /** What was finished is not trained again. */
    @Test
    void resumeGoesOn() throws IOException {
        String names = String.join("\n", made(200));
        LabCall.Ended first = call(names).epochs(1).resume().completed();
        LabCall.Ended again = call(names).epochs(1).resume().completed();
        assertThat(again.out()).doesNotContain("epoch 1/1");
        for (String model : List.of("MLP", "GRU", "Transformer")) {
            assertThat(test(again.out(), model)).isEqualTo(test(first.out(), model));
        }
    }

    @Test
    void whatIsNoFileOfNamesIsASentence() throws IOException {
        String few = String.join("\n", made(99));
        Path file = temp.resolve("mine/names.txt");
        String end = "\" is not a name of 1 to 30 letters from a to z; write one on each line";
        assertSentence(call("anna\nAnna\n").run(), file + " line 2: \"Anna" + end);
        assertSentence(call("anna\n\n").run(), file + " line 2: \"" + end);
        assertSentence(call("zoë").run(), file + " line 1: \"zoë" + end);
        assertSentence(call("a".repeat(31)).run(), file + " line 1: \"" + "a".repeat(30) + "..." + end);
        assertSentence(
                call(few).run(),
                "names.txt has 99 names, but at least 100 are needed for training, validation and test; give a longer"
                        + " list");
        Files.write(file, new byte[] {'a', (byte) 0xff});
        LabCall.Ended binary = LabCall.on(file.getParent(), "names");
        assertSentence(binary, file.toString());
        Files.delete(file);
        LabCall.Ended missing = LabCall.on(file.getParent(), "names");
        assertSentence(missing, "the data set names was not found: " + file.getParent() + " has no names.txt; ");
    }

    private static void assertSentence(LabCall.Ended run, String begin) {
        assertThat(run.failure()).contains(begin).hasLineCount(1);
    }

    @Test
    void aTableOfPairsHasTheLossOfTheirCountsWhateverThePadding() {
        List<String> learned = made(50);
        List<String> test = List.of("an", "shadenwytor", "q", "rororo");
        int[][] ids = learned.stream().map(FirstNames::ids).toArray(int[][]::new);
        var pairs = new NgramModel(2, 27, ids);
        Layer net = NameNets.counted(pairs);
        try (Model<Layer> model = Model.of(net, 1)) {
            assertThat(NameModel.logLoss(net, test))
                    .isCloseTo(pairs.logLoss(test.stream().map(FirstNames::ids).toArray(int[][]::new)), within(1e-5));
            try (Dataset data = NameModel.dataset(test);
                    Pass pass = Pass.infer()) {
                Tensor loss =
                        NameModel.loss(model.net(), data.batches(4).epoch(0).next());
                assertThat((double) loss.item()).isCloseTo(NameModel.logLoss(net, test), within(1e-5));
            }
            float[] alone = NameModel.logProbabilities(net, List.of("an"))[0];
            assertThat(alone).hasSize(3).isEqualTo(NameModel.logProbabilities(net, test)[0]);
            assertThat(Math.exp(alone[0])).isCloseTo(pairs.next(new int[] {0}, 1)[1], within(1e-6));
        }
    }

    @Test
    void noNetLooksAheadAndTheMlpSeesThreeLetters() {
        for (Layer net : List.of(new NameNets.Mlp(), NameNets.gru(), NameNets.transformer())) {
            try (Model<Layer> model = Model.of(net, 1);
                    Pass pass = Pass.infer()) {
                float[] a = model.net()
                        .apply(Tensor.ofInts(new int[] {0, 1, 2, 3, 4}, 1, 5))
                        .toArray();
                float[] b = model.net()
                        .apply(Tensor.ofInts(new int[] {0, 1, 2, 9, 4}, 1, 5))
                        .toArray();
                float[] c = model.net()
                        .apply(Tensor.ofInts(new int[] {0, 9, 2, 3, 4}, 1, 5))
                        .toArray();
                assertThat(Arrays.copyOf(a, 3 * 27)).as("%s", net).isEqualTo(Arrays.copyOf(b, 3 * 27));
                assertThat(Arrays.copyOfRange(a, 4 * 27, 135)).isNotEqualTo(Arrays.copyOfRange(b, 4 * 27, 135));
                boolean same = Arrays.equals(Arrays.copyOfRange(a, 4 * 27, 135), Arrays.copyOfRange(c, 4 * 27, 135));
                assertThat(same).as("%s", net).isEqualTo(net instanceof NameNets.Mlp);
            }
        }
    }

    @Test
    void generatedNamesFollowTheModel() {
        float[] cycle = new float[27 * 27]; // after the beginning an a, after an a a b, after a b the end
        cycle[1] = 50;
        cycle[27 + 2] = 50;
        cycle[2 * 27] = 50;
        try (Model<Layer> table = Model.of(Embedding.of(cycle, 27, 27), 1);
                Model<Layer> gru = Model.of(NameNets.gru(), 1)) {
            assertThat(NameModel.write(table.net(), 3, 1)).containsExactly("ab", "ab", "ab");
            List<String> names = NameModel.write(gru.net(), 5, 3);
            assertThat(names)
                    .hasSize(5)
                    .doesNotHaveDuplicates()
                    .allMatch(name -> name.matches("[a-z]{0,30}"))
                    .isEqualTo(NameModel.write(gru.net(), 5, 3));
        }
    }

    /** Where every test name is in the training set too, nothing is said of names that are not. */
    @Test
    void testNamesMayAllBeKnown() throws IOException {
        LabCall.Ended run = call("anna\n".repeat(200)).epochs(1).completed();
        assertThat(run.out())
                .containsPattern("(?m)^GRU +66,555 +1 +[\\d.]+ nats +[\\d.]+ nats +[\\d.]+ nats +[\\d.]+$");
        assertThat(Files.readString(temp.resolve("out/report.html"))).contains("so 20 of the 20 test names");
    }

    @Test
    void partsShareNoLine() {
        List<String> names = made(150);
        NameParts parts = NameParts.of(names, 3, 140);
        assertThat(List.of(
                        parts.training().size(),
                        parts.validation().size(),
                        parts.test().size()))
                .containsExactly(112, 14, 14);
        List<String> all = new ArrayList<>(parts.training());
        all.addAll(parts.validation());
        all.addAll(parts.test());
        List<String> rest = new ArrayList<>(names);
        all.forEach(name -> assertThat(rest.remove(name)).as(name).isTrue());
        assertThat(parts.unseen())
                .isEqualTo(parts.test().stream()
                        .filter(name -> !parts.training().contains(name))
                        .toList());
    }
}
