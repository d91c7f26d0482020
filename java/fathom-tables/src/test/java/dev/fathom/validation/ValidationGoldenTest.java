package dev.fathom.validation;

import static dev.fathom.testing.Assessed.EXACT;
import static dev.fathom.testing.Assessed.GOLDEN;
import static dev.fathom.testing.Assessed.assertClose;
import static dev.fathom.testing.Assessed.cases;
import static dev.fathom.testing.Assessed.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Divisions of rows against scikit-learn, and comparisons of classifiers against SciPy. */
class ValidationGoldenTest {
    // ---- folds

    static Stream<JsonObject> plain() {
        return cases(GOLDEN.getAsJsonObject("folds"), "plain");
    }

    static Stream<JsonObject> stratified() {
        return cases(GOLDEN.getAsJsonObject("folds"), "stratified");
    }

    static Stream<JsonObject> grouped() {
        return cases(GOLDEN.getAsJsonObject("folds"), "grouped");
    }

    static Stream<JsonObject> leavePOut() {
        return cases(GOLDEN.getAsJsonObject("folds"), "leavePOut");
    }

    static Stream<JsonObject> ordered() {
        JsonObject folds = GOLDEN.getAsJsonObject("folds");
        return Stream.concat(cases(folds, "expanding"), cases(folds, "rolling"));
    }

    private static void assertTests(List<Fold> found, JsonElement expected) {
        JsonArray all = expected.getAsJsonArray();
        assertThat(found).hasSize(all.size());
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i).test()).as("fold %d", i).containsExactly(ints(all.get(i)));
        }
    }

    @ParameterizedTest
    @MethodSource
    void plain(JsonObject c) {
        assertTests(Folds.of(c.get("n").getAsInt(), c.get("k").getAsInt()), c.get("test"));
    }

    /** Shuffled folds test on as many of each class. */
    @ParameterizedTest
    @MethodSource
    void stratified(JsonObject c) {
        int[] labels = ints(c.get("labels"));
        int k = c.get("k").getAsInt();
        List<Fold> found = Folds.stratified(labels, k);
        assertTests(found, c.get("test"));
        List<Fold> shuffled = Folds.stratified(labels, k, 3);
        for (int i = 0; i < k; i++) {
            assertThat(Arrays.stream(shuffled.get(i).test())
                            .map(row -> labels[row])
                            .sorted()
                            .toArray())
                    .containsExactly(Arrays.stream(found.get(i).test())
                            .map(row -> labels[row])
                            .sorted()
                            .toArray());
        }
    }

    @ParameterizedTest
    @MethodSource
    void grouped(JsonObject c) {
        assertTests(Folds.grouped(ints(c.get("groups")), c.get("k").getAsInt()), c.get("test"));
    }

    @ParameterizedTest
    @MethodSource
    void leavePOut(JsonObject c) {
        assertTests(Folds.leavePOut(c.get("n").getAsInt(), c.get("p").getAsInt()), c.get("test"));
    }

    @ParameterizedTest
    @MethodSource
    void ordered(JsonObject c) {
        int n = c.get("n").getAsInt();
        int k = c.get("k").getAsInt();
        int gap = c.get("gap").getAsInt();
        List<Fold> found =
                c.has("window") ? Folds.rolling(n, k, c.get("window").getAsInt(), gap) : Folds.expanding(n, k, gap);
        assertThat(found).hasSize(k);
        for (int i = 0; i < k; i++) {
            JsonArray rows = c.getAsJsonArray("rows").get(i).getAsJsonArray();
            assertThat(found.get(i).train()).containsExactly(ints(rows.get(0)));
            assertThat(found.get(i).test()).containsExactly(ints(rows.get(1)));
        }
    }

    // ---- comparisons

    static Stream<JsonObject> mcnemar() {
        return cases(GOLDEN, "mcnemar");
    }

    @ParameterizedTest
    @MethodSource
    void mcnemar(JsonObject c) {
        McNemar test = new McNemar(c.get("b").getAsInt(), c.get("c").getAsInt());
        for (McNemar t : List.of(test, new McNemar(test.onlySecond(), test.onlyFirst()))) {
            assertThat(t.exact() / c.get("exact").getAsDouble()).isCloseTo(1, within(1e-10));
            assertClose("statistic", t.statistic(), c.get("statistic"), EXACT);
            assertThat(t.corrected() / c.get("corrected").getAsDouble()).isCloseTo(1, within(1e-12));
        }
    }
}
