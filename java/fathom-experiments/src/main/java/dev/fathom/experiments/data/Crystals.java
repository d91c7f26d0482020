package dev.fathom.experiments.data;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import java.util.Arrays;

/**
 * Generated crystals. Each of {@link #ELEMENTS} elements has an electronegativity X and a radius R that no learner
 * sees. The energy of a bond is (R - R')^2 - (X - X')^2: unlike electronegativities bind, and unlike radii do not fit.
 * The property of a crystal is the mean energy of its bonds. Crystals that exist are stable ones: elements are drawn
 * for the sites of a random lattice with probabilities of exp(-8 energy / {@link #HEAT}) (Metropolis et al. 1953), so
 * that even crystals whose property is not known tell something about it.
 *
 * @param lattices of each crystal
 * @param elements of each site, [n][SITES]
 * @param energies the property of each
 * @param electronegativity of each element
 */
public record Crystals(Lattice[] lattices, int[][] elements, float[] energies, float[] electronegativity) {
    public static final int ELEMENTS = 16;

    private static final double HEAT = 2.5;
    private static final int MOVES = 200;

    /** Draws crystals of elements whose properties {@code rng} decides, too. */
    public static Crystals draw(int count, Rng rng) {
        float[] x = rng.split("electronegativity").uniform(ELEMENTS, 0.8f, 3.8f);
        float[] r = rng.split("radius").uniform(ELEMENTS, 0.7f, 2);
        Lattice[] lattices = new Lattice[count];
        int[][] elements = new int[count][];
        float[] energies = new float[count];
        for (int i = 0; i < count; i++) {
            Rng one = rng.split("crystal").split(i);
            lattices[i] = Lattice.values()[one.ints(1, Lattice.values().length)[0]];
            elements[i] = settled(lattices[i], x, r, one);
            energies[i] = (float) energy(lattices[i], elements[i], x, r);
        }
        return new Crystals(lattices, elements, energies, x);
    }

    /**
     * Elements after many moves, each of which gives a site another element and is taken or not by how the energy
     * changes.
     */
    private static int[] settled(Lattice lattice, float[] x, float[] r, Rng rng) {
        int[] all = rng.ints(Lattice.SITES, ELEMENTS);
        int[] sites = rng.ints(MOVES, Lattice.SITES);
        int[] others = rng.ints(MOVES, ELEMENTS);
        float[] chances = rng.uniform(MOVES, 0, 1);
        double before = energy(lattice, all, x, r);
        for (int m = 0; m < MOVES; m++) {
            int was = all[sites[m]];
            all[sites[m]] = others[m];
            double after = energy(lattice, all, x, r);
            if (chances[m] < Math.exp((before - after) * Lattice.SITES / HEAT)) {
                before = after;
            } else {
                all[sites[m]] = was;
            }
        }
        return all;
    }

    /** The mean energy of the bonds. */
    public static double energy(Lattice lattice, int[] elements, float[] x, float[] r) {
        double sum = 0;
        for (int i = 0; i < elements.length; i++) {
            for (int j = 0; j < elements.length; j++) {
                double dx = (double) x[elements[i]] - x[elements[j]];
                double dr = (double) r[elements[i]] - r[elements[j]];
                sum += lattice.neighbors(i, j) * (dr * dr - dx * dx);
            }
        }
        return sum / (Lattice.SITES * lattice.coordination());
    }

    public int size() {
        return energies.length;
    }

    /** Some of these crystals. */
    public Crystals subset(int from, int to) {
        return new Crystals(
                Arrays.copyOfRange(lattices, from, to),
                Arrays.copyOfRange(elements, from, to),
                Arrays.copyOfRange(energies, from, to),
                electronegativity);
    }

    /**
     * As x [SITES], a [SITES, SITES] with rows that sum to 1, and y, the property after mean and deviation are taken
     * off.
     */
    public Dataset dataset(double mean, double deviation) {
        int sites = Lattice.SITES;
        int[] x = new int[size() * sites];
        float[] a = new float[x.length * sites];
        float[] y = new float[size()];
        for (int n = 0; n < size(); n++) {
            y[n] = (float) ((energies[n] - mean) / deviation);
            for (int i = 0; i < sites; i++) {
                x[n * sites + i] = elements[n][i];
                for (int j = 0; j < sites; j++) {
                    a[(n * sites + i) * sites + j] = lattices[n].neighbors(i, j) / lattices[n].coordination();
                }
            }
        }
        return Dataset.of(
                Field.ints("x", Shape.of(sites), x).input(),
                Field.floats("a", Shape.of(sites, sites), a),
                Field.floats("y", Shape.of(1), y).target());
    }

    /** The share of each element in each crystal, and a one for its lattice. */
    public float[][] composition() {
        float[][] all = new float[size()][ELEMENTS + Lattice.values().length];
        for (int n = 0; n < all.length; n++) {
            for (int element : elements[n]) {
                all[n][element] += 1f / Lattice.SITES;
            }
            all[n][ELEMENTS + lattices[n].ordinal()] = 1;
        }
        return all;
    }
}
