package dev.fathom.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A recipe makes the numbers it says, of the rows it was fitted on and of others; what it cannot encode is named by
 * line and column.
 */
class EncoderTest {
    @TempDir
    Path temp;

    private Table table(String text) throws IOException {
        return Table.csv(Files.writeString(temp.resolve("people.csv"), text));
    }

    private static void assertRefused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    private static final String PEOPLE = """
        age,income,city,member,kind,note
        20,1,Rome,yes,10,
        40,100,Oslo,NO,9,x
        30,10,Rome,True,10,
        """;

    @Test
    void anEncodingIsSavedAloneAndWithAModel() throws IOException {
        Table people = table(PEOPLE.replace("Oslo", "\"Os\"\"lo \u2028\""));
        Encoder recipe = new Encoder()
                .minMax("age")
                .oneHot("city")
                .unknownAsZeros()
                .log("income")
                .standardize("income")
                .sign("member");
        Encoding labeled = recipe.label("kind").fit(people);
        Path alone = temp.resolve("encoding.json");
        labeled.save(alone);
        Encoding read = Encoding.load(alone);
        assertThat(labeled)
                .hasToString("Encoding of 5 features (age, city=Os\"lo, city=Rome, income, member),"
                        + " label kind of 2 classes");
        assertThat(read.toJson()).isEqualTo(labeled.toJson()).contains("\"fathom.encoding\":1");
        assertThat(read.features(people)).isEqualTo(labeled.features(people));
        assertThat(read.features(Map.of("age", "33", "city", "Bonn", "income", "7", "member", "no")))
                .isEqualTo(labeled.features(Map.of("age", "33", "city", "Bonn", "income", "7", "member", "no")));
        assertThat(read.features()).isEqualTo(labeled.features());
        assertThat(read.categories("kind")).isEqualTo(labeled.categories("kind"));
        assertThat(read.original("income", 0.3)).isEqualTo(labeled.original("income", 0.3));
        try (Dataset a = labeled.dataset(people);
                Dataset b = read.dataset(people)) {
            assertThat(b.labels()).isEqualTo(a.labels());
            assertThat(b.classes()).isEqualTo(2);
        }
        Encoding targets = new Encoder()
                .number("age")
                .bool("member")
                .missingAsNaN()
                .target("member")
                .fit(people);
        assertThat(Encoding.ofJson(targets.toJson()).targets()).containsExactly("member");
        assertThat(Encoding.ofJson(targets.toJson()).toJson()).isEqualTo(targets.toJson());
        Path weights = temp.resolve("people.safetensors");
        try (var model = Model.of(new Linear(5, 2), 1)) {
            model.save(weights, labeled.metadata());
            model.load(weights);
            assertThat(Encoding.ofModel(weights).toJson()).isEqualTo(labeled.toJson());
            model.save(weights);
        }
        assertRefused(
                () -> Encoding.ofModel(weights),
                weights
                        + ": its metadata have no fathom.encoding; save the weights with model.save(file,"
                        + " encoding.metadata())");
    }

    @Test
    void whatIsNoEncodingIsRefused() throws IOException {
        String good = new Encoder()
                .standardize("age")
                .oneHot("city")
                .label("kind")
                .fit(table(PEOPLE))
                .toJson();
        String[][] changes = {
            {"\"fathom.encoding\":1", "\"fathom.encoding\":2", "its version is 2, and this library reads version 1"},
            {"\"missingAsNaN\":false", "\"missing\":false", "no encoding has \"missing\""},
            {"\"missingAsNaN\":false,", "", "it has 3 of the keys"},
            {"\"standardize\"", "\"root\"", "there is no \"root\""},
            {"\"by\":", "\"by\":-", "and by -"},
            {"\"by\":", "\"by\":1e999, \"z\":", "("},
            {"\"from\":30.0,", "", "the step STANDARDIZE has [step, by]"},
            {"\"Rome\"", "\"Oslo\"", "the category \"Oslo\" comes twice"},
            {"\"Rome\"", "7", "there is a NUMBER in the place of a text"},
            {"\"one-hot\"", "\"number\"", "column \"city\" of kind NUMBER has only"},
            {"\"one-hot\"", "\"label\"", "2 labels"},
            {"\"name\":\"city\"", "\"name\":\"age\"", "two columns are called \"age\""},
            {"\"name\":\"city\",", "", "column \"\" of kind ONE_HOT has only"},
            {"\"name\":\"city\",", "\"name\":\"city\",\"name\":\"city\",", "an object has \"name\" twice"},
            {"]}", "]}}", "("},
        };
        assertThat(Encoding.ofJson(good).toJson()).isEqualTo(good);
        for (String[] change : changes) {
            String bad = good.replaceFirst(java.util.regex.Pattern.quote(change[0]), change[1]);
            assertThat(bad).isNotEqualTo(good);
            assertThatThrownBy(() -> Encoding.ofJson(bad))
                    .as(bad)
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("encoding: it holds no encoding (")
                    .hasMessageContaining(change[2])
                    .hasMessageEndingWith("); save it again with Encoding.save");
        }
        for (int cut = 0; cut < good.length(); cut++) {
            String part = good.substring(0, cut);
            assertThatThrownBy(() -> Encoding.ofJson(part)).isExactlyInstanceOf(IllegalArgumentException.class);
        }
        String deep = "[".repeat(100_000);
        assertThatThrownBy(() -> Encoding.ofJson("{\"columns\":" + deep))
                .isExactlyInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Encoding.ofJson("{\"x\":" + deep)).isExactlyInstanceOf(IllegalArgumentException.class);
        java.util.Random random = new java.util.Random(3);
        int read = 0;
        for (int round = 0; round < 3000; round++) {
            StringBuilder bytes = new StringBuilder(good);
            for (int k = 0; k <= random.nextInt(3); k++) {
                bytes.setCharAt(random.nextInt(bytes.length()), (char) (32 + random.nextInt(95)));
            }
            try {
                read += Encoding.ofJson(bytes.toString()).features().size() > 0 ? 1 : 0;
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).hasLineCount(1);
            }
        }
        assertThat(read).as("another name is an encoding, too").isBetween(1, 2900);
        Path file = Files.writeString(temp.resolve("encoding.json"), "age,city\n");
        assertThatThrownBy(() -> Encoding.load(file)).hasMessageStartingWith(file + ": it holds no encoding (");
    }

    @Test
    void aTargetOfWordsIsALabel() throws IOException {
        assertRefused(
                () -> new Encoder().number("age").target("city").fit(table(PEOPLE)),
                "people.csv line 2, column city: \"Rome\" is not a finite number; name the column by label(..) instead"
                        + " of target(..) for words, which are classes");
        assertThatThrownBy(() -> new Encoder()
                        .number("age")
                        .bool("city")
                        .target("city")
                        .fit(table(PEOPLE))
                        .dataset(table(PEOPLE)))
                .hasMessageEndingWith("choose label for other words");
    }

    @Test
    void everyColumnAsTheRecipeSays() throws IOException {
        Table people = table(PEOPLE);
        Encoding encoding = new Encoder()
                .minMax("age")
                .oneHot("city")
                .log("income")
                .bool("member")
                .label("kind")
                .fit(people);
        assertThat(encoding.features()).containsExactly("age", "city=Oslo", "city=Rome", "income", "member");
        assertThat(encoding.categories("city")).containsExactly("Oslo", "Rome");
        // as numbers: 9 comes before 10
        assertThat(encoding.categories("kind")).containsExactly("9", "10");
        float ten = (float) Math.log(10);
        float[] expected = {
            0,
            0,
            1,
            0,
            1, //
            1,
            1,
            0,
            (float) Math.log(100),
            0, //
            0.5f,
            0,
            1,
            ten,
            1
        };
        assertThat(encoding.features(people)).containsExactly(expected);
        try (Dataset d = encoding.dataset(people);
                Pass pass = Pass.infer()) {
            assertThat(d).hasToString("Dataset [3, 5] of F32, 2 classes");
            Batch b = d.batches(3).epoch(0).next();
            assertThat(b.x().toArray()).containsExactly(expected);
            assertThat(b.y().toIntArray()).containsExactly(1, 0, 1);
        }
        try (Dataset one = encoding.dataset(people.take(1, 2))) {
            // also where the last class is not among the rows
            assertThat(one.classes()).isEqualTo(2);
        }
        assertThat(encoding.features(Map.of("age", "60", "city", " Oslo ", "income", "1", "member", "f")))
                .containsExactly(2, 1, 0, 0, 0);
    }

    /** A row is encoded in the same way whether a file or a service gives it. */
    @Test
    void aRowThatLacksValuesHasTheFeaturesThatItHasInATable() throws IOException {
        Table people = table("age,city,member\n30,Paris,yes\nNA,Rome,no\n50,,NaN\n");
        Encoding encoding = new Encoder()
                .missingAsNaN()
                .number("age")
                .oneHot("city")
                .bool("member")
                .fit(people);
        float no = Float.NaN;
        assertThat(encoding.features(people)).containsExactly(30, 1, 0, 1, no, 0, 1, 0, 50, no, no, no);
        assertThat(encoding.features(Map.of("age", "NA", "city", "Rome", "member", "no")))
                .containsExactly(no, 0, 1, 0);
        assertThat(encoding.features(Map.of("age", "50", "city", " ", "member", "NaN")))
                .containsExactly(50, no, no, no);
        assertThat(encoding.features(Map.of())).containsExactly(no, no, no, no);
        Table words = people.missing("");
        Encoding names = new Encoder().oneHot("age").fit(words);
        assertThat(names.features(Map.of("age", "NA"))).isEqualTo(names.features(words.take(1, 2)));
    }

    @Test
    void stepsFollowOneAnotherAndAreUndone() throws IOException {
        Table people = table(PEOPLE);
        Encoding encoding = new Encoder()
                .sign("member")
                .log("income")
                .standardize("income")
                .target("income")
                .standardize("age")
                .target("age")
                .number("kind")
                .fit(people);
        assertThat(encoding.features()).containsExactly("member", "kind");
        assertThat(encoding.targets()).containsExactly("income", "age");
        float z = (float) Math.sqrt(1.5);
        try (Dataset d = encoding.dataset(people);
                Pass pass = Pass.infer()) {
            assertThat(d).hasToString("Dataset [3, 2] of F32, targets [2]");
            Batch b = d.batches(3).epoch(0).next();
            assertThat(b.x().toArray()).containsExactly(1, 10, -1, 9, 1, 10);
            assertThat(b.y().toArray()).containsExactly(new float[] {-z, -z, z, z, 0, 0}, within(1e-6f));
        }
        assertThat(encoding.original("income", -Math.sqrt(1.5))).isCloseTo(1, within(1e-12));
        assertThat(encoding.original("income", 0)).isCloseTo(10, within(1e-12));
        assertThat(encoding.original("age", 0)).isEqualTo(30);
        assertThat(encoding.original("kind", 4)).isEqualTo(4);
        assertRefused(() -> encoding.original("member", 1), "original: column member has texts; see categories");
        assertRefused(
                () -> encoding.categories("age"),
                "categories: column age has numbers; only labels and one-hot columns have categories");
        assertRefused(
                () -> encoding.categories("city"),
                "encoding: column city is not encoded; there are [member, income, age, kind]");
    }

    @Test
    void nothingOfTheRowsHeldOutIsInTheEncoding() throws IOException {
        Table people = table("x,city\n1,a\n3,b\n1000,c\n");
        Encoding encoding = new Encoder().standardize("x").oneHot("city").fit(people.take(0, 2));
        assertThat(encoding.features(people.take(0, 2))).containsExactly(-1, 1, 0, 1, 0, 1);
        assertRefused(
                () -> encoding.features(people),
                "people.csv line 4, column city: c is none of the 2 categories that fit saw, [a, b]; fit on rows that"
                        + " have it, or choose unknownAsZeros()");
        Encoding lenient =
                new Encoder().standardize("x").oneHot("city").unknownAsZeros().fit(people.take(0, 2));
        assertThat(lenient.features(people.take(2, 3))).containsExactly(998, 0, 0);
        Encoding labeled =
                new Encoder().number("x").label("city").unknownAsZeros().fit(people.take(0, 2));
        assertRefused(
                () -> labeled.dataset(people),
                "people.csv line 4, column city: c is none of the 2 categories that fit saw, [a, b]; fit on rows that"
                        + " have it");
    }

    @Test
    void whatCannotBeEncodedIsNamed() throws IOException {
        Table people = table("age,income,member,same,big\n"
                + "1,5,yes,7,1e39\n"
                + ",0,maybe,7,1\n"
                + "x,3,no,7,1\n"
                + "0x1p3,1d,no,7,1\n"
                + "Infinity,2,no,7,1\n");
        assertRefused(
                () -> new Encoder().number("age").fit(people),
                "people.csv line 3, column age: the value is missing; leave such rows out with complete(\"age\"), or"
                        + " the column, or keep a hole in a series with Series.withHoles");
        Table complete = people.complete("age");
        String words = " is not a finite number; choose oneHot for words, or leave the column out";
        assertRefused(() -> new Encoder().number("age").fit(complete), "people.csv line 4, column age: \"x\"" + words);
        assertRefused(
                () -> new Encoder().number("age").fit(people.take(3, 4)),
                "people.csv line 5, column age: \"0x1p3\"" + words);
        assertRefused(
                () -> new Encoder().number("income").fit(people.take(3, 4)),
                "people.csv line 5, column income: \"1d\"" + words);
        assertRefused(
                () -> new Encoder().number("age").fit(people.take(4, 5)),
                "people.csv line 6, column age: \"Infinity\"" + words);
        assertRefused(
                () -> new Encoder().log("income").fit(people.take(0, 3)),
                "people.csv line 3, column income: 0.0 has no logarithm; it must be above 0");
        assertRefused(
                () -> new Encoder().bool("member").fit(people).features(people),
                "people.csv line 3, column member: maybe is neither yes nor no (true, t, yes, y, 1; false, f, no, n,"
                        + " 0); choose oneHot for other words");
        for (Encoder e : new Encoder[] {new Encoder().standardize("same"), new Encoder().minMax("same")}) {
            assertRefused(
                    () -> e.fit(people),
                    "fit: column same is 7 in all 5 rows, so there is nothing to scale by; leave it out");
        }
        assertRefused(
                () -> new Encoder().number("big").fit(people).features(people),
                "people.csv line 2, column big: 1e39 is too large for a float; scale the column");
        assertRefused(
                () -> new Encoder().number("weight").fit(people),
                "people.csv has no column weight; it has [age, income, member, same, big]");
        Encoding ok = new Encoder().number("same").fit(people);
        assertRefused(
                () -> ok.dataset(people),
                "dataset: the encoder names no label and no target; add label(...) or target(...)");
        assertRefused(
                () -> new Encoder().label("member").fit(people).dataset(people),
                "dataset: the encoder names no feature");
        assertRefused(
                () -> ok.features(Map.of("age", "3")),
                "features: column same is missing; give a value for each of [same]");
        assertRefused(
                () -> ok.features(Map.of("same", " NA ")),
                "features: column same is missing; give a value for each of [same]");
        assertRefused(() -> ok.features(Map.of("same", "q")), "column same: \"q\"" + words);
    }

    @Test
    void recipesThatCannotBe() throws IOException {
        Table people = table(PEOPLE);
        assertRefused(() -> new Encoder().fit(people), "fit: the encoder names no column; say how each is encoded");
        assertRefused(
                () -> new Encoder().oneHot("city").bool("city"),
                "encoder: column city is encoded already, as one-hot; only log, standardize and min-max may follow one"
                        + " another");
        assertRefused(
                () -> new Encoder().label("city").label("kind"),
                "label: city is the label already; a dataset has one label for each example or float targets");
        assertRefused(
                () -> new Encoder().label("city").target("age"),
                "target: city is the label already; a dataset has one label for each example or float targets");
        assertRefused(
                () -> new Encoder().target("age").label("city"),
                "label: there are targets already; a dataset has one label for each example or float targets");
    }

    // ---- real tables

    private static Table real(String name) {
        String data = System.getenv("FATHOM_DATA");
        assumeTrue(data != null && Files.isRegularFile(Path.of(data, "islr", name)), "FATHOM_DATA has no islr/" + name);
        return Table.csv(Path.of(data, "islr", name));
    }

    /** The baseball players of ISLR: log salary from the rest, the 59 players without a salary left out. */
    @Test
    void hitters() {
        Table all = Table.csv(Path.of(System.getProperty("fathom.root"), "test-data/hitters/Hitters.csv"));
        Table hitters = all.complete();
        assertThat(all.size()).isEqualTo(322);
        assertThat(hitters.size()).isEqualTo(263);
        assertRefused(
                () -> new Encoder().log("Salary").fit(all),
                "Hitters.csv line 2, column Salary: the value is missing; leave such rows out with"
                        + " complete(\"Salary\"), or the column, or keep a hole in a series with Series.withHoles");
        Encoder encoder = new Encoder()
                .log("Salary")
                .standardize("Salary")
                .target("Salary")
                .oneHot("League", "Division", "NewLeague");
        for (String name : all.columns()) {
            if (!name.matches("Salary|.*League|Division")) {
                encoder.standardize(name);
            }
        }
        Encoding encoding = encoder.fit(hitters);
        assertThat(encoding.features()).hasSize(22).startsWith("League=A", "League=N", "Division=E");
        // NumPy's mean and deviation of the logarithms
        assertThat(Math.log(encoding.original("Salary", 0))).isCloseTo(5.927221541221392, within(1e-12));
        assertThat(Math.log(encoding.original("Salary", 1)))
                .isCloseTo(5.927221541221392 + 0.887500298583755, within(1e-12));
        try (Dataset d = encoding.dataset(hitters)) {
            assertThat(d).hasToString("Dataset [263, 22] of F32, targets [1]");
        }
    }

    @Test
    void defaultsOfCreditCards() {
        Table all = real("Default.csv");
        Table.Split rows = all.stratified("default", 3000, 1);
        assertThat(rows.heldOut().where("default", "Yes"::equals).size()).isEqualTo(100);
        Encoding encoding = new Encoder()
                .bool("student")
                .standardize("balance")
                .minMax("income")
                .label("default")
                .fit(all);
        assertThat(encoding.categories("default")).containsExactly("No", "Yes");
        assertThat(encoding.original("balance", 0)).isCloseTo(835.3748856125571, within(1e-9));
        assertThat(encoding.original("balance", 1) - encoding.original("balance", 0))
                .isCloseTo(483.6907988516828, within(1e-9));
        try (Dataset d = encoding.dataset(all);
                Pass pass = Pass.infer()) {
            Batch b = d.batches(10_000).epoch(0).next();
            float[] x = b.x().toArray();
            double students = 0;
            for (int i = 0; i < x.length; i += 3) {
                students += x[i];
            }
            assertThat(students).isEqualTo(2944);
            assertThat(b.x().shape()).isEqualTo(Shape.of(10_000, 3));
        }
    }

    /** The split by time that the book makes: a column says which days are for training. */
    @Test
    void tradingDays() {
        Table all = real("NYSE.csv");
        Table train = all.where("train", "TRUE"::equals);
        assertThat(train.size()).isEqualTo(4281);
        Encoding encoding = new Encoder()
                .oneHot("day_of_week")
                .standardize("DJ_return", "log_volatility")
                .target("log_volume")
                .fit(train);
        assertThat(encoding.categories("day_of_week")).containsExactly("fri", "mon", "thur", "tues", "wed");
        try (Dataset d = encoding.dataset(all.where("train", "FALSE"::equals))) {
            assertThat(d).hasToString("Dataset [1770, 7] of F32, targets [1]");
        }
    }
}
