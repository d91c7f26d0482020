package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.data.OutlierData;
import dev.fathom.experiments.pages.Expectations;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.pages.StoredRun;
import dev.fathom.experiments.training.Interrupt;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stand-ins of all data sets: every lab begins with its own, and says so. No data, no tree, an empty cache. */
class StandInsTest {
    private static final String ROOT = System.getProperty("fathom.root");

    @TempDir
    Path temp;

    @BeforeEach
    void nothingThere() {
        System.setProperty("fathom.data", temp.resolve("data").toString());
        System.setProperty("fathom.root", temp.resolve("tree").toString());
        cache("cache");
    }

    @AfterEach
    void asBefore() {
        System.clearProperty("fathom.data");
        System.clearProperty("fathom.cache");
        System.setProperty("fathom.root", ROOT);
    }

    private void cache(String name) {
        System.setProperty("fathom.cache", temp.resolve(name).toString());
    }

    @Test
    void everySetHasOneThatIsAlwaysTheSame() throws Exception {
        for (DataSet set : Labs.data()) {
            cache("cache");
            assertThatThrownBy(() -> set.folder(null)).hasMessageContaining("the data set " + set.name() + " was not");
            Path first = set.makeStandIn();
            assertThat(set.folder(null)).isEqualTo(first).startsWith(temp.resolve("cache/stand-ins"));
            assertThat(set.place()).isEmpty();
            assertThat(first.resolve(DataSet.MARK)).content().contains("stand-in for the data set " + set.name() + ",");
            cache("again");
            assertThat(bytes(set.makeStandIn())).as(set.name()).isEqualTo(bytes(first));
        }
    }

    private static Map<String, String> bytes(Path folder) throws IOException {
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                all.put(folder.relativize(file).toString(), new String(Files.readAllBytes(file), "ISO-8859-1"));
            }
        }
        return all;
    }

    /**
     * A lab finds nothing but the sets that it names; a wish to stop ends it where it would train for the first time.
     */
    @Test
    void everyLabBeginsWithThoseThatItNames() throws Exception {
        Labs.data().forEach(DataSet::makeStandIn);
        List<String> without = new ArrayList<>();
        for (Experiment lab : Labs.ALL) {
            cache(lab.name());
            if (!lab.reads().isEmpty() && catchThrowable(() -> begun(lab)) == null) {
                without.add(lab.name());
            }
            Path folder = Files.createDirectories(temp.resolve(lab.name()).resolve("stand-ins"));
            for (DataSet set : lab.reads()) {
                String name = set.name().replace('/', '-');
                Files.createSymbolicLink(
                        folder.resolve(name), temp.resolve("cache/stand-ins").resolve(name));
            }
            assertThatCode(() -> {
                        Findings page = begun(lab);
                        assertThat(page.onStandIns()).isEqualTo(!lab.reads().isEmpty());
                        assertThat(page.data().startsWith("stand-ins for ")).isEqualTo(page.onStandIns());
                    })
                    .as(lab.name())
                    .doesNotThrowAnyException();
        }
        assertThat(without).as("trains something before it reads").containsExactly("losses");
    }

    /** A section of the lab anomalies learns from one series and scores another. */
    @Test
    void theSeriesOfNumentaHaveOneToLearnFrom() {
        Path folder = OutlierData.NAB_FILES.makeStandIn();
        LabeledSeries series = OutlierData.nab(
                folder.getParent(),
                "artificialNoAnomaly/art_daily_small_noise.csv",
                "artificialWithAnomaly/art_daily_jumpsup.csv");
        assertThat(series.training()).hasDimensions(1200, 1).isNotEqualTo(series.test());
        assertThat(series.share()).isEqualTo(101 / 1200.0);
    }

    private Findings begun(Experiment lab) {
        try (Interrupt interrupt = Interrupt.install(nowhere())) {
            interrupt.request();
            return new Lab(lab, run(interrupt)).complete();
        }
    }

    private LabRun run(Interrupt interrupt) {
        return new LabRun(true, null, 1, false, null, null, temp.resolve("out"), interrupt, nowhere(), nowhere());
    }

    private static PrintStream nowhere() {
        return new PrintStream(OutputStream.nullOutputStream());
    }

    @Test
    void aPageSaysSoAndItsFiguresAreHeldToNothing() throws Exception {
        Experiment names = Labs.ALL.stream()
                .filter(lab -> lab.name().equals("names"))
                .findFirst()
                .orElseThrow();
        DataSet set = names.reads().get(0);
        Path standIn = set.makeStandIn();
        assertThat(Files.readString(begun(names).write(temp.resolve("page"))))
                .contains("Not the real data", "Small stand-ins lay in the place of the data: names.");
        try (Interrupt interrupt = Interrupt.install(nowhere())) {
            assertThat(new Lab(names, run(interrupt)).kept("GRU"))
                    .hasToString(temp.resolve("out/kept") + "/short-seed-1-stand-ins/gru");
        }
        List<Figure> figures = List.of(
                Figure.of("GRU, negative log-likelihood per letter", "", 9).baseline(8, "chance"));
        StoredRun on = new StoredRun("names", "stand-ins for names; 1 name", "2026-11-27", "1", "", 1, 1, figures);
        StoredRun real = new StoredRun("names", "1 name", "2026-11-27", "1", "", 1, 1, figures);
        assertThat(real.judged(true).figures().get(0).verdict()).isEqualTo(Figure.Verdict.MISSED);
        assertThat(on.judged(true).figures()).isEqualTo(Expectations.of("names").judge(figures, false));
        // one that a person gives is one too, and the data themselves come before it
        assertThat(names.standIns(standIn)).containsExactly("names");
        assertThat(names.standIns(standIn.getParent())).containsExactly("names");
        assertThat(names.standIns(temp)).isEmpty();
        Path data = Files.createDirectories(temp.resolve("data/names"));
        Files.copy(standIn.resolve("names.txt"), data.resolve("names.txt"));
        assertThat(set.folder(null)).isEqualTo(data);
        assertThat(names.standIns(null)).isEmpty();
    }
}
