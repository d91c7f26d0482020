package dev.fathom.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.assess.Ranking;
import dev.fathom.assess.Regression;
import dev.fathom.cli.CommandLineRun;
import dev.fathom.derivative.GradientPenalty;
import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.CrossEntropy;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.TripletLoss;
import dev.fathom.op.Activation;
import dev.fathom.optim.Schedule;
import dev.fathom.search.Results;
import dev.fathom.search.Search;
import dev.fathom.tensor.Pass;
import dev.fathom.validation.Folds;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pages of docs/catalogue are those that the command makes, and no method of the library is missing on them. */
class CatalogueTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));
    private static final Path FOLDER = ROOT.resolve("docs/catalogue");
    private static final List<CataloguePage> FAMILIES = Catalogue.families();

    @Test
    void pagesAndPicturesAreFresh() throws IOException {
        assumeTrue(NativeRuntime.get().isa() != Isa.BASELINE, "pictures are of v3 and v4, whose bits are the same");
        Set<String> pages = new HashSet<>(Set.of("ops.md")); // which OpPageTest of fathom-nets holds to the rows of ops
        for (CataloguePage family : FAMILIES) {
            assertThat(FOLDER.resolve(family.file() + ".md"))
                    .as("make it anew with ./fathom docs")
                    .hasContent(family.page());
            pages.add(family.file() + ".md");
            Map<String, String> words = new HashMap<>();
            for (CataloguePage.Entry e : family.entries()) {
                assertThat(words.put(e.name(), e.word() + ".png"))
                        .as(e.name() + " is there once")
                        .isNull();
            }
            assertThat(words.keySet()).containsAll(family.curves().keySet());
            words.keySet().retainAll(family.curves().keySet());
            Set<String> pictures = new HashSet<>(words.values());
            if (pictures.isEmpty()) {
                assertThat(FOLDER.resolve(family.file())).doesNotExist();
                continue;
            }
            try (Stream<Path> files = Files.list(FOLDER.resolve(family.file()))) {
                assertThat(files.map(f -> f.getFileName().toString())).containsExactlyInAnyOrderElementsOf(pictures);
            }
        }
        try (Stream<Path> files = Files.list(FOLDER)) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(f -> f.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(pages);
        }
    }

    @Test
    void everyActivationIsThere() throws IllegalAccessException {
        List<String> marks = family("activations").curves().values().stream()
                .map(Curve::mark)
                .toList();
        for (var field : Activation.class.getFields()) {
            if (field.getType() == Activation.class) {
                Activation f = (Activation) field.get(null);
                assertThat(marks)
                        .as(field.getName())
                        .contains(Curve.of("", "x", 4, x -> Pass.apply(f, x)).mark());
            }
        }
        String code = code("activations");
        assertThat(names(Activation.class, m -> isMaker(m) && m.getReturnType() == Activation.class))
                .allSatisfy(name -> assertThat(code).contains("x." + name + "("));
    }

    @Test
    void everyOptimizerIsThere() throws IOException {
        String code = code("optimizers");
        try (Stream<Path> files = Files.list(ROOT.resolve("java/fathom/src/main/java/dev/fathom/optim"))) {
            for (Path file : files.toList()) {
                if (Files.readString(file).matches("(?s).*\\bpublic record .*implements (Optimizer|Around) .*")) {
                    String name = file.getFileName().toString().replace(".java", "");
                    assertThat(code).contains("new " + name + "(");
                }
            }
        }
    }

    @Test
    void everyScheduleIsThere() {
        String code = code("schedules");
        assertThat(names(Schedule.class, m -> m.getReturnType() == Schedule.class))
                .allSatisfy(name -> assertThat(code).contains("." + name + "("));
    }

    @Test
    void everyLayerIsThere() throws IOException {
        String code = code("layers");
        List<String> layers =
                new ArrayList<>(records("dev\\.fathom\\.(?:nn|attention|recurrent)", "[A-Za-z]*Layer|Net"));
        layers.addAll(records("dev\\.fathom\\.nets", "(?:Sequence|Stepwise|Weighted)Layer"));
        layers.addAll(List.of("AdditiveAttention", "Bilinear", "Softmin")); // most others of these are networks
        assertThat(layers)
                .hasSizeGreaterThan(50)
                .allSatisfy(name -> assertThat(code).containsPattern("\\b" + name + "[(.]"));
    }

    @Test
    void everyLossIsThere() {
        String code = code("losses");
        assertThat(names(Loss.class, CatalogueTest::isMaker))
                .allSatisfy(name -> assertThat(code).contains("Loss." + name + "("));
        for (Class<?> type : List.of(CrossEntropy.class, TripletLoss.class)) {
            assertThat(names(type, m -> m.getReturnType() == type))
                    .allSatisfy(name -> assertThat(code).contains(")." + name + "("));
        }
    }

    @Test
    void everyPenaltyIsThere() {
        String code = code("penalties");
        for (Class<?> type : List.of(Penalty.class, GradientPenalty.class)) {
            assertThat(names(type, CatalogueTest::isMaker))
                    .allSatisfy(name -> assertThat(code).contains(type.getSimpleName() + "." + name + "("));
        }
    }

    @Test
    void everyMetricIsThere() {
        String code = code("assessment");
        List<String> names = new ArrayList<>(names(Folds.class, m -> m.getReturnType() == List.class));
        for (Class<?> type : List.of(ConfusionMatrix.class, Ranking.class, Regression.class)) {
            names.addAll(names(
                    type,
                    m -> m.getReturnType() == double.class || m.getReturnType().isArray()));
        }
        names.remove("thresholds");
        assertThat(names)
                .hasSizeGreaterThan(25)
                .allSatisfy(name -> assertThat(code).contains("." + name + "("));
    }

    @Test
    void everyLearnerIsThere() throws IOException {
        String code = code("learners");
        assertThat(records(
                        "dev\\.fathom\\.(?:features|ensemble|linear)",
                        "dev\\.fathom\\.features\\.(?:Learner|Projection)"))
                .hasSizeGreaterThan(9)
                .allSatisfy(name -> assertThat(code).containsPattern("\\b" + name + "[(.]"));
        assertThat(names(Search.class, m -> m.getReturnType() == Results.class))
                .allSatisfy(name -> assertThat(code).contains("search." + name + "("));
    }

    /** The names of some of a type's own public methods, of which there must be at least one. */
    private static List<String> names(Class<?> type, Predicate<Method> which) {
        List<String> names = Arrays.stream(type.getDeclaredMethods())
                .filter(m -> Modifier.isPublic(m.getModifiers()))
                .filter(which)
                .map(Method::getName)
                .toList();
        assertThat(names).as("methods of " + type).isNotEmpty();
        return names;
    }

    private static boolean isMaker(Method m) {
        return Modifier.isStatic(m.getModifiers());
    }

    /** The public records of packages that implement a type, by the list of the public API. */
    private static List<String> records(String packages, String type) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String module : List.of("fathom", "fathom-nets", "fathom-tables", "fathom-learn")) {
            all.append(Files.readString(ROOT.resolve("docs/api").resolve(module + ".txt")));
        }
        return Pattern.compile("(?m)^(?:" + packages + ")\\.(\\w+): record.* of .*\\b(?:" + type + ")\\b")
                .matcher(all)
                .results()
                .map(r -> r.group(1))
                .toList();
    }

    private static CataloguePage family(String file) {
        return FAMILIES.stream().filter(f -> f.file().equals(file)).findFirst().orElseThrow();
    }

    private static String code(String file) {
        return String.join(
                "\n",
                family(file).entries().stream().map(CataloguePage.Entry::code).toList());
    }

    @Test
    void theCommandWritesThePages(@TempDir Path temp) throws IOException {
        Files.createDirectories(temp.resolve("docs"));
        CommandLineRun run = CommandLineRun.in(temp, "docs");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains(temp.resolve("docs/catalogue/activations.md").toString());
        var picture =
                ImageIO.read(temp.resolve("docs/catalogue/activations/gelu.png").toFile());
        assertThat(picture.getWidth()).isEqualTo(640);
        assertThat(temp.resolve("docs/catalogue/activations.md"))
                .hasSameTextualContentAs(FOLDER.resolve("activations.md"));
        assertThat(CommandLineRun.in(temp.resolve("docs"), "docs").err())
                .isEqualTo("fathom docs: there is no folder " + temp.resolve("docs/docs")
                        + " to store pages in; run this in Fathom's source tree, or name it with -Dfathom.root=\n");
    }
}
