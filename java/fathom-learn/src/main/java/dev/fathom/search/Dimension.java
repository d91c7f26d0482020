package dev.fathom.search;

import dev.fathom.tensor.Rng;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One choice of a search space: its name, and what may be chosen. Values are texts, as they stand in the file of a
 * search; {@link Trial} reads them as numbers.
 */
public sealed interface Dimension extends Serializable {
    /** Returns its name, which is that of its column in the file. */
    String name();

    /**
     * Returns the values that a grid tries: all of them, or {@code steps} at equal distances from the least to the
     * most.
     */
    List<String> grid(int steps);

    /** Returns a random value; all are equally likely. */
    String draw(Rng rng);

    /**
     * Returns a value near another one, or another one where values have no order: the mutation of a genetic search.
     */
    String mutate(String value, Rng rng);

    /** Returns whether this is one of its values. */
    boolean has(String value);

    /**
     * Returns the value as numbers from 0 to 1, for a regressor: one for each word or bit, a single one for a number.
     */
    float[] encode(String value);

    /**
     * Makes a choice between words, such as the names of activations.
     *
     * @throws IllegalArgumentException if there are none, or one comes twice
     */
    static Dimension of(String name, String... values) {
        return new Words(name, List.of(values));
    }

    /**
     * Makes a choice of a whole number.
     *
     * @throws IllegalArgumentException unless least &lt;= most
     */
    static Dimension whole(String name, int least, int most) {
        return new Whole(name, least, most);
    }

    /**
     * Makes a choice of a number, all of which are equally likely.
     *
     * @throws IllegalArgumentException unless least &lt; most, and both are finite
     */
    static Dimension real(String name, double least, double most) {
        return new Real(name, least, most, false);
    }

    /**
     * Makes a choice of a number whose logarithms are equally likely, such as a learning rate.
     *
     * @throws IllegalArgumentException unless 0 &lt; least &lt; most, and both are finite
     */
    static Dimension logarithmic(String name, double least, double most) {
        return new Real(name, least, most, true);
    }

    /**
     * Makes a choice of so many bits, such as which connections between layers exist. The value is a text of zeros and
     * ones.
     *
     * @throws IllegalArgumentException unless there are 1 to 64 bits
     */
    static Dimension bits(String name, int count) {
        return new Bits(name, count);
    }

    /**
     * Words.
     *
     * @param name of the choice
     * @param values all of them
     */
    record Words(String name, List<String> values) implements Dimension {
        /** Keeps its own list, and checks it. */
        public Words {
            values = List.copyOf(values);
            if (values.isEmpty() || new HashSet<>(values).size() != values.size()) {
                throw new IllegalArgumentException(
                        "dimension " + name + ": the values are " + values + "; give at least one, and none twice");
            }
        }

        @Override
        public List<String> grid(int steps) {
            return values;
        }

        @Override
        public String draw(Rng rng) {
            return values.get(rng.ints(1, values.size())[0]);
        }

        @Override
        public String mutate(String value, Rng rng) {
            if (values.size() == 1) {
                return value;
            }
            int other = rng.ints(1, values.size() - 1)[0];
            return values.get(other < values.indexOf(value) ? other : other + 1);
        }

        @Override
        public boolean has(String value) {
            return values.contains(value);
        }

        @Override
        public float[] encode(String value) {
            float[] code = new float[values.size()];
            code[values.indexOf(value)] = 1;
            return code;
        }
    }

    /**
     * Whole numbers.
     *
     * @param name of the choice
     * @param least the smallest
     * @param most the largest
     */
    record Whole(String name, int least, int most) implements Dimension {
        /** Checks the range. */
        public Whole {
            if (least > most || (long) most - least >= Integer.MAX_VALUE) {
                throw new IllegalArgumentException("dimension " + name + ": " + least + " to " + most
                        + " holds no whole number, or too many; give least <= most");
            }
        }

        @Override
        public List<String> grid(int steps) {
            int n = Math.min(steps, most - least + 1);
            return IntStream.range(0, n)
                    .mapToObj(i -> n == 1
                            ? least + (most - least) / 2
                            : least + Math.round((double) i * (most - least) / (n - 1)))
                    .map(String::valueOf)
                    .toList();
        }

        @Override
        public String draw(Rng rng) {
            return Integer.toString(least + (int) (rng.doubles(1)[0] * (most - least + 1)));
        }

        /** Moves by 1 to a quarter of the range, up or down. */
        @Override
        public String mutate(String value, Rng rng) {
            int reach = Math.max(1, (most - least) / 4);
            int step = 1 + (int) (rng.doubles(1)[0] * reach);
            int at = Integer.parseInt(value);
            int to = rng.doubles(1)[0] < 0.5 ? at - step : at + step;
            return Integer.toString(Math.max(least, Math.min(most, to)));
        }

        @Override
        public boolean has(String value) {
            try {
                int i = Integer.parseInt(value);
                return i >= least && i <= most;
            } catch (NumberFormatException e) {
                return false;
            }
        }

        @Override
        public float[] encode(String value) {
            return new float[] {most == least ? 0 : (float) (Integer.parseInt(value) - least) / (most - least)};
        }
    }

    /**
     * Numbers.
     *
     * @param name of the choice
     * @param least the smallest
     * @param most the largest
     * @param logarithmic whether their logarithms are equally likely
     */
    record Real(String name, double least, double most, boolean logarithmic) implements Dimension {
        /** Checks the range. */
        public Real {
            boolean finite = least > Double.NEGATIVE_INFINITY && most < Double.POSITIVE_INFINITY;
            if (!(least < most && finite && (!logarithmic || least > 0))) {
                throw new IllegalArgumentException("dimension " + name + ": " + least + " to " + most
                        + " must be finite, with " + (logarithmic ? "0 < least < most" : "least < most"));
            }
        }

        /** The value at a part of the way from the least to the most. */
        private String at(double part) {
            double value = logarithmic ? least * Math.pow(most / least, part) : least + (most - least) * part;
            return Double.toString(Math.max(least, Math.min(most, value)));
        }

        private double part(String value) {
            double v = Double.parseDouble(value);
            return logarithmic ? Math.log(v / least) / Math.log(most / least) : (v - least) / (most - least);
        }

        @Override
        public List<String> grid(int steps) {
            return IntStream.range(0, steps)
                    .mapToObj(i -> at(steps == 1 ? 0.5 : (double) i / (steps - 1)))
                    .toList();
        }

        @Override
        public String draw(Rng rng) {
            return at(rng.doubles(1)[0]);
        }

        /** Moves by a normal deviate, whose deviation is a fifth of the range. */
        @Override
        public String mutate(String value, Rng rng) {
            return at(Math.max(0, Math.min(1, part(value) + 0.2 * rng.normal(1, 0, 1)[0])));
        }

        @Override
        public boolean has(String value) {
            try {
                double v = Double.parseDouble(value);
                return v >= least && v <= most;
            } catch (NumberFormatException e) {
                return false;
            }
        }

        @Override
        public float[] encode(String value) {
            return new float[] {(float) part(value)};
        }
    }

    /**
     * Bits.
     *
     * @param name of the choice
     * @param count how many
     */
    record Bits(String name, int count) implements Dimension {
        private static final int MOST_OF_A_GRID = 16;

        /** Checks the number. */
        public Bits {
            if (count < 1 || count > 64) {
                throw new IllegalArgumentException("dimension " + name + ": " + count + " bits; give 1 to 64");
            }
        }

        /**
         * {@inheritDoc}
         *
         * @throws IllegalArgumentException if there are more than 16 bits
         */
        @Override
        public List<String> grid(int steps) {
            if (count > MOST_OF_A_GRID) {
                throw new IllegalArgumentException("dimension " + name + ": a grid would try 2^" + count
                        + " values; give at most " + MOST_OF_A_GRID + " bits, or search at random");
            }
            List<String> all = new ArrayList<>();
            for (int i = 0; i < 1 << count; i++) {
                String digits = Integer.toBinaryString(i);
                all.add("0".repeat(count - digits.length()) + digits);
            }
            return all;
        }

        @Override
        public String draw(Rng rng) {
            StringBuilder bits = new StringBuilder();
            for (float u : rng.uniform(count, 0, 1)) {
                bits.append(u < 0.5f ? '0' : '1');
            }
            return bits.toString();
        }

        /** Turns one bit over. */
        @Override
        public String mutate(String value, Rng rng) {
            StringBuilder bits = new StringBuilder(value);
            int at = rng.ints(1, count)[0];
            bits.setCharAt(at, bits.charAt(at) == '0' ? '1' : '0');
            return bits.toString();
        }

        @Override
        public boolean has(String value) {
            return value.length() == count && value.chars().allMatch(c -> c == '0' || c == '1');
        }

        @Override
        public float[] encode(String value) {
            float[] code = new float[count];
            for (int i = 0; i < count; i++) {
                code[i] = value.charAt(i) - '0';
            }
            return code;
        }
    }
}
