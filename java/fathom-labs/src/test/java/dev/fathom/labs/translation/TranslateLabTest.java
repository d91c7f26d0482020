package dev.fathom.labs.translation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.EnglishFrench.Pair;
import dev.fathom.experiments.data.ParallelCorpus;
import dev.fathom.experiments.statistics.IbmModel1;
import dev.fathom.labs.LabCall;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab on translation: its short form, its split and its dictionary, and the files and prompts that it refuses. */
class TranslateLabTest {
    private static final List<String> NETWORKS =
            List.of("Reversed, SGD", "In order", "Reversed", "Reversed, attention");

    @TempDir
    Path temp;

    /** A made-up language of four words a sentence, whose French is the same words with other endings. */
    private static final String LANGUAGE = IntStream.range(0, 1000)
            .mapToObj(i -> List.of("a" + i % 10, "b" + i / 10 % 10, "c" + i / 100, "d"))
            .map(words -> String.join(" ", words) + "\t" + String.join("o ", words) + "o\n")
            .reduce("", String::concat);

    /** The second run finds nothing left to train and comes to the same. */
    @Test
    void theShortFormLearnsAndResumes() throws IOException {
        LabCall.Ended run = lab(LANGUAGE).resume().prompt("a1 b2 c3 d").completed();
        assertThat(temp.resolve("out/report.html"))
                .content()
                .contains("700 pairs for training, 50 English sentences for validation and 50 for the test");
        assertThat(run.out())
                .containsPattern("translator +parameters +seconds +validation perplexity +BLEU of a beam of 1 "
                        + "+BLEU of a beam of 2 +BLEU of the widest beam +")
                .containsPattern("Dictionary +100\\.00 +100\\.0 %\n")
                .containsPattern("network +a1 b2 c3 d\n");
        // of 33 tokens; a model of the order of words alone, which does not read the digits, has 800 to the power of
        // 1/5,
        // which is 3.8
        for (String network : NETWORKS) {
            assertThat(perplexity(run, network)).as(network).isLessThan(6);
        }
        assertThat(run.out()).contains("There is no picture of encoder states: fewer than three");
        for (String picture : List.of("perplexity.png", "attention-0.png")) {
            assertThat(temp.resolve("out").resolve(picture)).isNotEmptyFile();
        }
        LabCall.Ended again = lab(LANGUAGE).resume().run();
        assertThat(again.out()).doesNotContain("epoch 1/");
        for (String network : NETWORKS) {
            assertThat(perplexity(again, network)).isEqualTo(perplexity(run, network));
        }
    }

    @Test
    void theShortFormOnTheRealSentences() {
        TestData.assume("eng-fra");
        LabCall.Ended run = LabCall.brief("translate", temp);
        assertThat(run.out()).containsPattern("five reversed, beams 1, 2, 12 +BLEU 33\\.00, 34\\.50, 34\\.81");
        for (String network : NETWORKS) {
            assertThat(perplexity(run, network)).as(network).isLessThan(25); // of 150 tokens
        }
        assertThat(temp.resolve("sentences.png")).isNotEmptyFile();
        assertThat(run.out()).doesNotContain("There is no picture");
    }

    private static double perplexity(LabCall.Ended run, String network) {
        var found =
                Pattern.compile("\n" + network + " +[\\d,]+ +\\d+ +([\\d.]+)").matcher(run.out());
        assertThat(found.find()).as(run.out()).isTrue();
        return Double.parseDouble(found.group(1));
    }

    private LabCall lab(String content) throws IOException {
        Path data = Files.createDirectories(temp.resolve("data"));
        Files.writeString(data.resolve("eng-fra.tsv.gz"), content); // text that is not packed is read too
        return LabCall.of("translate", temp.resolve("out")).brief().data(data);
    }

    @Test
    void badInputGetsASentence() throws IOException {
        String file = temp.resolve("data").resolve("eng-fra.tsv.gz").toString();
        assertThat(lab("Go.\tVa !\nHi.\n").run().failure())
                .isEqualTo(file + " line 2: it has 0 tabs; a line is an English sentence, one tab and a "
                        + "French sentence, so fetch the file again");
        assertThat(lab("Go.\t \n").run().failure()).contains("line 1: one of its two sentences is empty;");
        LabCall.Ended few = lab("Go.\tVa !\n").run();
        assertThat(few.failure())
                .isEqualTo("the pairs have 1 different English sentences, but 100 are held out for "
                        + "validation and "
                        + "test; give a file with at least 200");
        LabCall.Ended missing = LabCall.on(temp, "translate");
        assertThat(missing.failure())
                .startsWith("the data set eng-fra was not found: ")
                .hasLineCount(1);
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 300; i++) {
            many.append(String.format(Locale.ROOT, "see %d now\tvois %d là%n", i % 250, i));
        }
        LabCall.Ended unknown = lab(many.toString()).prompt("See zebras").run();
        assertThat(unknown.failure())
                .startsWith("the word \"zebras\" in the prompt is not among the ")
                .hasLineCount(1);
        assertThat(lab(many.toString()).prompt(" ").run().failure())
                .isEqualTo("the prompt has no words; give an English sentence to translate");
    }

    @Test
    void noEnglishSentenceIsInTwoParts() {
        List<Pair> pairs = IntStream.range(0, 300)
                .mapToObj(i -> new Pair((i % 2 == 0 ? "Go " : "go ") + i / 3, "va " + i % 100))
                .toList();
        ParallelCorpus corpus = ParallelCorpus.of(pairs, 10, 1);
        Set<List<String>> seen = new HashSet<>();
        for (var part : List.of(corpus.training(), corpus.validation(), corpus.test())) {
            part.forEach(s -> assertThat(seen.add(s.english())).isTrue());
        }
        assertThat(seen).hasSize(100);
        assertThat(corpus.test()).hasSize(10).allMatch(s -> s.french().size() == 3);
    }

    /**
     * The toy corpus of Koehn (2010, Statistical Machine Translation, figure 4.4) with the numbers that stand there.
     */
    @Test
    void theDictionaryIsIbmsModel1() {
        List<List<String>> german = List.of(List.of("das", "Haus"), List.of("das", "Buch"), List.of("ein", "Buch"));
        List<List<String>> english = List.of(List.of("the", "house"), List.of("the", "book"), List.of("a", "book"));
        double[] the = {0.5, 0.6364, 0.7479};
        double[] book = {0.25, 0.1818, 0.1208};
        for (int i = 0; i < the.length; i++) {
            IbmModel1 model = IbmModel1.fit(german, english, i + 1);
            assertThat(model.probability("the", "das")).isCloseTo(the[i], within(5e-5));
            assertThat(model.probability("book", "das")).isCloseTo(book[i], within(5e-5));
        }
        IbmModel1 model = IbmModel1.fit(german, english, 20);
        assertThat(model.translation(List.of("ein", "Haus", "da"))).containsExactly("a", "house", "da");
    }

    /** A no-break space is not blank to Java, but has no words; and a translation may occur twice. */
    @Test
    void aPairWithoutWordsOnOneSideIsLeftOut() {
        List<Pair> pairs = new ArrayList<>(
                List.of(new Pair("\u00a0", "va"), new Pair("go 0", "\u00a0"), new Pair("Go 0", "VA 0")));
        IntStream.range(0, 8).forEach(i -> pairs.add(new Pair("go " + i, "va " + i)));
        ParallelCorpus corpus = ParallelCorpus.of(pairs, 2, 1);
        List<ParallelCorpus.Sentence> all = Stream.of(corpus.training(), corpus.validation(), corpus.test())
                .flatMap(List::stream)
                .toList();
        assertThat(all).hasSize(8).allMatch(s -> s.french().size() == 1);
    }

    @Test
    void reversedSourcesAreReadFromTheirEnd() {
        List<Pair> pairs = IntStream.range(0, 40)
                .mapToObj(i -> new Pair("one two three " + i, "un deux trois " + i))
                .toList();
        ParallelCorpus corpus = ParallelCorpus.of(pairs, 5, 1);
        ParallelCorpus.Sentence s = corpus.training().get(0);
        int[] forward = corpus.source(s, false);
        assertThat(corpus.english().tokens(forward))
                .startsWith("one", "two", "three")
                .hasSize(4);
        int[] backward = corpus.source(s, true);
        assertThat(backward).containsExactly(forward[3], forward[2], forward[1], forward[0]);
        try (Dataset data = corpus.dataset(corpus.training(), true);
                Pass pass = Pass.infer()) {
            var batch = data.batches(1).epoch(0).next();
            assertThat(batch.x().toIntArray()).isEqualTo(backward);
            int[] french = corpus.french().ids(s.french().get(0));
            int[] stopped = Arrays.copyOf(french, 5);
            stopped[4] = corpus.french().reserved().end();
            assertThat(batch.y().toIntArray()).isEqualTo(stopped);
            assertThat(pass.recording()).isFalse();
        }
    }

    /** Of seven training sentences the last one is left out; every second one has two translations. */
    @Test
    void joinedSentencesFollowOneAnother() {
        List<Pair> pairs = new ArrayList<>();
        IntStream.range(0, 11).forEach(i -> {
            pairs.add(new Pair("go " + i, "va " + i));
            pairs.add(new Pair("go " + i, (i % 2 == 0 ? "va " : "vas ") + i));
        });
        ParallelCorpus corpus = ParallelCorpus.of(pairs, 2, 1);
        ParallelCorpus joined = corpus.joined(3);
        assertThat(joined.training()).hasSize(2);
        assertThat(joined.test()).isEmpty();
        ParallelCorpus.Sentence first = joined.training().get(0);
        List<ParallelCorpus.Sentence> parts = corpus.training().subList(0, 3);
        assertThat(first.english())
                .isEqualTo(parts.stream().flatMap(s -> s.english().stream()).toList());
        assertThat(first.french()).hasSize(2);
        for (int i = 0; i < 2; i++) {
            int place = i;
            assertThat(first.french().get(i))
                    .isEqualTo(parts.stream()
                            .flatMap(s -> s.french().get(place % s.french().size()).stream())
                            .toList());
        }
    }

    /** Recurrent weights of all gates [4 * 3, 3] have orthonormal columns; only forget gates have a bias. */
    @Test
    void theNetworkOfKerasBeginsAsThere() {
        try (var model = Model.of(CharacterTranslator.of(5, 6, 3), 1);
                Pass pass = Pass.infer()) {
            for (String part : List.of("encoder", "decoder")) {
                Tensor between = model.parameter(part + ".weight_hh_l0").value();
                float[] products = between.transpose(0, 1).matmul(between).toArray();
                for (int i = 0; i < 9; i++) {
                    assertThat(products[i]).isCloseTo(i % 4 == 0 ? 1 : 0, within(1e-5f));
                }
                assertThat(model.parameter(part + ".bias_ih_l0").value().toArray())
                        .containsExactly(0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0);
                // uniform in +- sqrt(6 / (in + 12))
                int in = part.equals("encoder") ? 5 : 6;
                double bound = Math.sqrt(6.0 / (in + 12));
                float most = model.parameter(part + ".weight_ih_l0")
                        .value()
                        .abs()
                        .max()
                        .item();
                assertThat(most).isBetween((float) (0.8 * bound), (float) bound);
            }
            assertThat(model.parameter("out.bias").value().toArray()).containsOnly(0);
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void blanksFillTheCharactersOfKerasUpToTheLongest() {
        List<Pair> pairs = List.of(new Pair("ab", "c"), new Pair("b", "dc c"));
        try (Dataset data = CharacterTranslator.dataset(
                        CharacterTranslator.Language.english(pairs), CharacterTranslator.Language.french(pairs));
                Pass pass = Pass.infer()) {
            var batch = data.batches(2).epoch(0).next();
            assertThat(batch.get("english").toIntArray()).containsExactly(1, 2, 2, 0);
            // the blank, the tab, the line end, c and d
            assertThat(batch.get("french").toIntArray()).containsExactly(1, 3, 2, 0, 0, 0, 1, 4, 3, 0, 3, 2);
            assertThat(batch.y().toIntArray()).containsExactly(3, 2, 0, 0, 0, 0, 4, 3, 0, 3, 2, 0);
            assertThat(pass.recording()).isFalse();
        }
    }

    /**
     * 30 training pairs of "va" and the stop symbol: each token has the probability 1/2, whatever the validation part
     * has.
     */
    @Test
    void theUnigramPerplexityIsThatOfTheTrainingFrequencies() {
        List<Pair> pairs =
                IntStream.range(0, 40).mapToObj(i -> new Pair("go " + i, "va")).toList();
        assertThat(ParallelCorpus.of(pairs, 5, 1).unigramPerplexity()).isCloseTo(2, within(1e-9));
    }

    @Test
    void sgdIsHalvedFiveTimes() {
        var schedule = Setting.halved(15);
        assertThat(schedule.factor(9.9, 0)).isEqualTo(1);
        assertThat(schedule.factor(10, 0)).isEqualTo(0.5);
        assertThat(schedule.factor(14.5, 0)).isEqualTo(1 / 32.0);
    }
}
