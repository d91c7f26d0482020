package dev.fathom.plan;

/**
 * The sizes that a free dimension may have: {@code min}, {@code min + step} and so on up to {@code max}.
 *
 * @param declared whether a {@link Spec} names them, else a plan found them
 * @param below what the function says of the size below, where the plan found the range; empty otherwise
 * @param above what it says of the size above
 */
record Range(int min, int max, int step, boolean declared, String below, String above) {
    /** The range of a dimension that no input has. */
    static final Range NONE = new Range(0, 0, 1, false, "", "");

    /**
     * A range that a {@link Spec} names, cut to its multiples.
     *
     * @throws IllegalArgumentException if none is left
     */
    static Range of(String spec, String what, int min, int max, int multipleOf) {
        long first = multipleOf < 1 ? 0 : -Math.floorDiv(-(long) min, multipleOf) * multipleOf;
        long last = multipleOf < 1 ? 0 : Math.floorDiv((long) max, multipleOf) * multipleOf;
        if (min < 1 || first < 1 || first > last) {
            throw new IllegalArgumentException("spec " + spec + ": no " + what + " is from " + min + " to " + max
                    + (multipleOf == 1 ? "" : " and a multiple of " + multipleOf)
                    + "; give a range that begins at 1 or more and is not empty");
        }
        return new Range((int) first, (int) last, multipleOf, true, "", "");
    }

    /** Whether an input has the dimension. */
    boolean free() {
        return max > 0;
    }

    /** Which of the sizes this is, counted from 0. */
    int number(int size) {
        return (size - min) / step;
    }

    /** Which of the lengths those of a session are, where this is their range; 0 where there are none. */
    int number(Sizes sizes) {
        return sizes.length() == 0 ? 0 : number(sizes.length());
    }

    /** Size number {@code i}, or the last before it. */
    int at(int i) {
        return min + Math.min(Math.max(i, 0), number(max)) * step;
    }

    boolean has(int size) {
        return size >= min && size <= max && (size - min) % step == 0;
    }

    /** {@code 32 to 512 in steps of 32}. */
    @Override
    public String toString() {
        return min == max ? "" + min : min + " to " + max + (step == 1 ? "" : " in steps of " + step);
    }

    /**
     * Refuses a size that is not in it.
     *
     * @throws IllegalArgumentException saying how to declare another range
     */
    void check(String what, int size) {
        if (has(size)) {
            return;
        }
        String named = what.equals("batch") ? "batch sizes" : "lengths";
        String why = size < min ? below : size > max ? above : "";
        throw new IllegalArgumentException("newSession: " + what + "=" + size + " is outside the " + named + " "
                + (declared
                        ? "that the Spec of an input names, " + this + "; choose one of these, or name others there"
                        : why.isEmpty()
                                ? "that were tried when the plan was frozen, " + this
                                        + "; name those that are possible with Spec." + what
                                        + (what.equals("batch") ? "(min, max)" : "(min, max, multipleOf)")
                                : "that this plan takes, " + this + ": " + why));
    }
}
