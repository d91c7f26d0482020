package dev.fathom.labs.images;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.TestData;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab mnist-best}: its short form. */
class MnistBestLabTest {
    private static final List<String> MEMBERS = List.of("3 x 3", "5 x 5", "7 x 7");

    @TempDir
    Path temp;

    @Test
    void theEnsembleIsTheMeanOfItsMembers() {
        TestData.assume("mnist");
        ShortRun run = ShortRun.of(new MnistBestLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        double ensemble = run.figure("Ensemble, test error");
        double worst = MEMBERS.stream()
                .mapToDouble(member -> 100 - run.figure(member + ", test accuracy"))
                .max()
                .orElseThrow();
        assertThat(worst).isBetween(0.5, 25.0);
        assertThat(ensemble).isBetween(0.1, worst);
        assertThat(run.figure("Ensemble, error on the images held out")).isBetween(0.1, 15.0);
        assertThat(run.figure("Ensemble, members that differ in being right")).isGreaterThan(1); // 0 if all were one
        assertThat(run.out())
                .containsPattern("network +wrong, held out +wrong, test\n")
                .contains("ensemble  ");
        for (String file : List.of("report.html", "wrong.png", "3-x-3/report.html", "7-x-7/net.safetensors")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    @Test
    void anInterruptedRunKeepsTheMembersThatAreTrained() {
        TestData.assume("mnist");
        var run = InterruptedRun.of(new MnistBestLab(), "== 5 x 5", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(run.out()).doesNotContain("== 7 x 7", "ensemble  ");
        assertThat(temp.resolve("3-x-3/report.html")).isNotEmptyFile();
    }
}
