package dev.fathom.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Weights of documents by hand and by scikit-learn, sparse and whole. */
class BagOfWordsTest {
    private static final int[][] DOCUMENTS = {{2, 0, 2, 2}, {}, {1, 0}};

    @Test
    void rowsAreSparseAndAscending() {
        BagOfWords.Row binary = BagOfWords.binary(4).row(DOCUMENTS[0]);
        assertThat(binary.ids()).containsExactly(0, 2);
        assertThat(binary.weights()).containsExactly(1, 1);
        assertThat(BagOfWords.counts(4).row(DOCUMENTS[0]).weights()).containsExactly(1, 3);
        assertThat(BagOfWords.proportions(4).row(DOCUMENTS[0]).weights()).containsExactly(0.25f, 0.75f);
        assertThat(BagOfWords.counts(4).row(new int[0]).ids()).isEmpty();
        assertThat(DOCUMENTS[0]).as("the document stays as it was").containsExactly(2, 0, 2, 2);
    }

    /**
     * TfidfVectorizer of scikit-learn 1.2.1 on the three documents "apple banana apple", "banana cherry" and "apple
     * date date cherry", by hand: idf(apple) = ln(4 / 3) + 1 = 1.287682, idf(date) = ln(4 / 2) + 1 = 1.693147.
     */
    @Test
    void tfIdfIsThatOfScikitLearn() {
        int[][] documents = {{0, 1, 0}, {1, 2}, {0, 3, 3, 2}};
        BagOfWords bag = BagOfWords.tfIdf(4, documents);
        float[] first = bag.row(documents[0]).weights();
        assertThat(first[0]).isCloseTo((float) (2 / Math.sqrt(5)), within(1e-6f));
        assertThat(first[1]).isCloseTo((float) (1 / Math.sqrt(5)), within(1e-6f));
        BagOfWords.Row third = bag.row(documents[2]);
        assertThat(third.ids()).containsExactly(0, 2, 3);
        double common = Math.log(4.0 / 3) + 1;
        double rare = 2 * (Math.log(2) + 1);
        double norm = Math.sqrt(2 * common * common + rare * rare);
        assertThat(third.weights()[0]).isCloseTo((float) (common / norm), within(1e-6f));
        assertThat(third.weights()[2]).isCloseTo((float) (rare / norm), within(1e-6f));
        // scikit-learn's own numbers
        assertThat(third.weights()[0]).isCloseTo(0.3349067f, within(1e-6f));
        assertThat(third.weights()[2]).isCloseTo(0.88072413f, within(1e-6f));
        assertThat(bag.row(new int[0]).weights()).isEmpty();
    }

    @Test
    void aDatasetHasNumbersAndWeightsAndWholeRows() {
        BagOfWords bag = BagOfWords.counts(4);
        try (Dataset d = bag.dataset(DOCUMENTS, 1, 0, 1);
                Pass pass = Pass.infer()) {
            assertThat(d).hasToString("Dataset of 3 examples, x [*] of I32, weights [*] of F32, 2 classes");
            Batch sparse = d.batches(3).epoch(0).next();
            assertThat(sparse.x().toIntArray()).containsExactly(0, 2, 0, 0, 0, 1);
            assertThat(sparse.get("weights").toArray()).containsExactly(1, 3, 0, 0, 1, 1);
            assertThat(sparse.lengths("x").toIntArray()).containsExactly(2, 0, 2);
            Batch dense = d.map(bag::dense).batches(3).epoch(0).next();
            assertThat(dense.x().shape()).isEqualTo(Shape.of(3, 4));
            assertThat(dense.x().toArray()).containsExactly(1, 0, 3, 0, 0, 0, 0, 0, 1, 1, 0, 0);
            assertThat(dense.y().toIntArray()).containsExactly(1, 0, 1);
        }
        try (Dataset d = bag.dataset(DOCUMENTS)) {
            assertThat(d.fields()).containsExactly("x", "weights");
        }
        assertThat(bag.size()).isEqualTo(4);
    }

    @Test
    void mGramsAreTokensLikeOthers() {
        Texts texts = Texts.of(List.of("not good", "good", "not bad"));
        Ngrams grams = new Ngrams(new Words(), 1, 2);
        Vocabulary v = Vocabulary.of(texts.tokens(grams));
        assertThat(v.tokens()).containsExactly("good", "not", "bad", "not bad", "not good");
        BagOfWords bag = BagOfWords.binary(v.size());
        assertThat(bag.row(texts.ids(t -> v.ids(grams.tokens(t)))[0]).ids()).containsExactly(0, 1, 4);
    }

    @Test
    void whatCannotBe() {
        assertThatThrownBy(() -> BagOfWords.counts(3).row(new int[] {0, 3}))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("bag of words: the token 3 is outside [0, 3); give the vocabulary's size");
        assertThatThrownBy(() -> BagOfWords.counts(3).row(new int[] {0, -1}))
                .hasMessage("bag of words: the token -1 is outside [0, 3); give the vocabulary's size");
        assertThatThrownBy(() -> BagOfWords.binary(0))
                .hasMessage("bag of words: size=0 but the vocabulary must have at least one token");
        assertThatThrownBy(() -> BagOfWords.tfIdf(3, new int[0][]))
                .hasMessage("bag of words: there are no documents to count; give at least one");
        assertThatThrownBy(() -> BagOfWords.counts(3).dataset(DOCUMENTS, 1))
                .hasMessage("of: the field x has 3 examples but y has 1; give equally many");
        try (Dataset d = BagOfWords.counts(1 << 30).dataset(DOCUMENTS);
                Pass pass = Pass.infer()) {
            Batch b = d.batches(3).epoch(0).next();
            assertThatThrownBy(() -> BagOfWords.counts(1 << 30).dense(b))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("dense: x is [3, 2] and weights [3, 2], for 1073741824 tokens; give a batch of "
                            + "BagOfWords.dataset with fewer than 2^31 elements in whole rows");
        }
    }
}
