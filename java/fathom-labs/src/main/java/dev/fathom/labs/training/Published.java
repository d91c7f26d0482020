package dev.fathom.labs.training;

/**
 * What others have reached.
 *
 * @param value the number as its source prints it
 * @param source who published it, and on what
 */
public record Published(String value, String source) {
    /** Where there is nothing to compare with. */
    public static final Published NONE = new Published("", "");

    /** Both in a cell of a table; empty for {@link #NONE}. */
    public String words() {
        return value.isEmpty() ? "" : value + " (" + source + ")";
    }
}
