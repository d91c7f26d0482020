package dev.fathom.labs.crystals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.Crystals;
import dev.fathom.experiments.data.Lattice;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Callback;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab crystals}: its short form, and lattices and energies that are known. */
class CrystalsLabTest {
    @TempDir
    Path temp;

    @Test
    void crystalsWithoutLabelsHelpAlsoAfterAnInterrupt() throws Exception {
        ShortRun run = ShortRun.of(new CrystalsLab(), 1, temp);
        assertThat(run.figure("Graph network taught first, 100 labels, error divided by that of labels alone"))
                .isLessThan(0.95);
        assertThat(run.figure("Graph network taught first, 20 labels, error divided by that of labels alone"))
                .isLessThan(1);
        double taught = run.figure("Graph network taught first, 100 labels, mean absolute error");
        assertThat(taught)
                .isLessThan(0.5 * run.figure("linear map of the composition, 100 labels, mean absolute error"));
        assertThat(taught).isLessThan(0.5 * run.figure("3 nearest compositions, 100 labels, mean absolute error"));
        assertThat(run.figure("Elements without labels, correlation of the first component with electronegativity"))
                .isGreaterThan(0.8);
        assertThat(run.out()).contains("generated and not real");
        for (String file : new String[] {"labels.png", "predicted.png", "elements.png"}) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
        InterruptedRun stopped = InterruptedRun.assertThatItGoesOn(
                new CrystalsLab(), "20 labels: mean absolute error", run, temp.resolve("stopped"));
        assertThat(stopped.result().figures())
                .extracting(Figure::name)
                .isEmpty(); // a table is of all numbers of labels
    }

    /**
     * What names hidden elements has no part in the property, so it stays, and all else goes on from what was taught.
     */
    @Test
    void theNetworkThatWasTaughtFirstGoesOnFromThere() {
        Callback none = new Callback() {};
        try (Model<CrystalNet> taught = Model.of(CrystalNet.of(), 1);
                Dataset labeled = Crystals.draw(20, new Rng(1)).dataset(0, 1);
                Model<CrystalNet> after = Learned.network(taught, labeled, 20, 1, 1, none)) {
            assertThat(weights(after.net().element()))
                    .isEqualTo(weights(taught.net().element()));
            assertThat(after.net().elements()[0])
                    .isNotEqualTo(taught.net().elements()[0])
                    .containsExactly(taught.net().elements()[0], within(2.001e-3f)); // a step of Adam
        }
    }

    private static float[] weights(Linear layer) {
        try (Pass pass = Pass.infer()) {
            return layer.weight().value().toArray();
        }
    }

    @Test
    void latticesHaveTheirNumberOfNeighbors() {
        int[] known = {6, 8, 12, 4};
        for (Lattice lattice : Lattice.values()) {
            assertThat(lattice.coordination()).isEqualTo(known[lattice.ordinal()]);
            for (int i = 0; i < Lattice.SITES; i++) {
                float sum = 0;
                for (int j = 0; j < Lattice.SITES; j++) {
                    sum += lattice.neighbors(i, j);
                    assertThat(lattice.neighbors(i, j)).isEqualTo(lattice.neighbors(j, i));
                }
                assertThat(sum).isEqualTo(lattice.coordination());
            }
        }
    }

    /** In a body-centered lattice whose corners are one element and whose centers another, all bonds are unlike. */
    @Test
    void theEnergyIsThatOfItsBonds() {
        float[] x = {1, 3};
        float[] r = {1, 1.5f};
        int[] sites = {0, 1, 0, 1, 0, 1, 0, 1};
        assertThat(Crystals.energy(Lattice.BODY_CENTERED, sites, x, r)).isCloseTo(0.25 - 4, within(1e-9));
        assertThat(Crystals.energy(Lattice.SIMPLE, new int[8], x, r)).isZero();
        Crystals drawn = Crystals.draw(50, new Rng(1));
        assertThat(Crystals.draw(50, new Rng(1)).energies()).isEqualTo(drawn.energies());
        double mean = 0;
        for (float e : drawn.energies()) {
            mean += e / 50;
        }
        assertThat(mean).isLessThan(-1); // stable crystals are those whose bonds bind
        for (float[] shares : drawn.composition()) {
            double sum = 0;
            for (float share : shares) {
                sum += share;
            }
            assertThat(sum).isCloseTo(2, within(1e-6)); // elements, and the lattice
        }
    }
}
