package dev.fathom.labs.outliers;

import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import java.util.List;
import java.util.stream.Stream;

/** The names of all methods that are compared. */
final class Methods {
    /** The median member of {@link #INDEPENDENT}. */
    static final String SINGLE = "single";

    static final String CAE = "CAE";
    static final String PLAIN = "CAE, λ = 0";
    static final String SHARED = recurrent(true, Cell.SPARSE);
    static final String INDEPENDENT = recurrent(false, Cell.SPARSE);

    private static final List<String> RECURRENT = Stream.of(false, true)
            .flatMap(shared -> Stream.of(Cell.values()).map(cell -> recurrent(shared, cell)))
            .toList();
    static final List<String> ENSEMBLES =
            Stream.concat(RECURRENT.stream(), Stream.of(CAE)).toList();
    private static final List<String> BASELINES =
            Stream.of(Baseline.values()).map(Baseline::label).toList();
    private static final List<String> NETWORKS =
            Stream.of(NeuralBaseline.values()).map(NeuralBaseline::label).toList();

    /** The linear floors that learn the rows to learn from. */
    static final List<String> SPLIT_FLOORS = BASELINES.subList(0, 2);

    /** These, and the same ones that learn all rows. */
    static final List<String> FLOORS = BASELINES.subList(0, 4);

    static final List<String> ALL = Stream.of(BASELINES, NETWORKS, List.of(SINGLE), ENSEMBLES)
            .flatMap(List::stream)
            .toList();

    private Methods() {}

    /** A recurrent ensemble, whose members share a code or not. */
    static String recurrent(boolean shared, Cell cell) {
        return (shared ? "SF " : "IF ") + cell.label();
    }

    /** A recurrent ensemble of so many members. */
    static String sized(String name, int members) {
        return name + ", " + members;
    }
}
