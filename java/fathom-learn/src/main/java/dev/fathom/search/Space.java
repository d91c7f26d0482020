package dev.fathom.search;

import dev.fathom.tensor.Rng;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * All that a search may choose: hyperparameters, and the depth, width and connections of networks. A point of it is a
 * list of values, one for each dimension.
 *
 * <pre>{@code
 * Space space = Space.of(
 *     Dimension.whole("depth", 1, 4),
 *     Dimension.of("activation", "relu", "tanh"),
 *     Dimension.logarithmic("rate", 1e-4, 1e-1));
 * }</pre>
 *
 * @param dimensions in the order of the columns of a table
 */
public record Space(List<Dimension> dimensions) implements Serializable {
    /** The other columns of a table. */
    static final List<String> COLUMNS = List.of("trial", "seed", "budget", "score", "failure");

    private static final int MOST_POINTS = 1_000_000;

    /**
     * Keeps its own list.
     *
     * @throws IllegalArgumentException if there are no dimensions, or a name is empty, comes twice, or is trial, seed,
     *     budget, score or failure
     */
    public Space {
        dimensions = List.copyOf(dimensions);
        Set<String> taken = new HashSet<>(COLUMNS);
        for (Dimension d : dimensions) {
            if (d.name().isBlank() || !taken.add(d.name())) {
                throw new IllegalArgumentException("space: the name \"" + d.name()
                        + "\" is empty or taken (by another dimension, or one of the columns " + COLUMNS
                        + "); choose another");
            }
        }
        if (dimensions.isEmpty()) {
            throw new IllegalArgumentException("space: there are no dimensions; give at least one");
        }
    }

    /** Makes a space. */
    public static Space of(Dimension... dimensions) {
        return new Space(List.of(dimensions));
    }

    /** Returns a random point. */
    public List<String> draw(Rng rng) {
        return dimensions.stream().map(d -> d.draw(rng)).toList();
    }

    /**
     * Returns the numbers that describe a point to a regressor, each from 0 to 1.
     *
     * @throws IllegalArgumentException if it is no point of this space
     */
    public float[] encode(List<String> point) {
        check(point);
        float[] code = {};
        for (int d = 0; d < point.size(); d++) {
            float[] more = dimensions.get(d).encode(point.get(d));
            int before = code.length;
            code = Arrays.copyOf(code, before + more.length);
            System.arraycopy(more, 0, code, before, more.length);
        }
        return code;
    }

    private void check(List<String> point) {
        boolean fits = point.size() == dimensions.size();
        for (int d = 0; fits && d < point.size(); d++) {
            fits = dimensions.get(d).has(point.get(d));
        }
        if (!fits) {
            throw new IllegalArgumentException("space: " + point + " is not a point of " + names()
                    + "; give a value of each dimension, within its range");
        }
    }

    /** The names of the dimensions. */
    List<String> names() {
        return dimensions.stream().map(Dimension::name).toList();
    }

    /** All points of a grid, the last dimension changing fastest. */
    List<List<String>> grid(int steps) {
        List<List<String>> points = List.of(List.of());
        for (Dimension d : dimensions) {
            List<String> values = d.grid(steps);
            if ((long) points.size() * values.size() > MOST_POINTS) {
                throw new IllegalArgumentException("grid: more than " + MOST_POINTS
                        + " points; give fewer steps or dimensions, or search at random");
            }
            List<List<String>> longer = new ArrayList<>();
            for (List<String> point : points) {
                for (String value : values) {
                    List<String> next = new ArrayList<>(point);
                    next.add(value);
                    longer.add(next);
                }
            }
            points = longer;
        }
        return points;
    }

    /** A child: each value from one of two parents, and then changed with the probability 1 / dimensions. */
    List<String> child(List<String> a, List<String> b, Rng rng) {
        int n = dimensions.size();
        float[] u = rng.uniform(2 * n, 0, 1);
        List<String> child = new ArrayList<>();
        for (int d = 0; d < n; d++) {
            String value = u[2 * d] < 0.5f ? a.get(d) : b.get(d);
            child.add(u[2 * d + 1] * n < 1 ? dimensions.get(d).mutate(value, rng) : value);
        }
        return List.copyOf(child);
    }
}
