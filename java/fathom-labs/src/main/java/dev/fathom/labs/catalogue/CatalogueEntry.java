package dev.fathom.labs.catalogue;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One method on a page of the catalogue.
 *
 * @param name the name in the field
 * @param code an expression that makes or calls it
 * @param formula what it computes, as text
 * @param range what its results or settings may be
 * @param source the paper or textbook
 * @param curve its picture, or null for none
 */
record CatalogueEntry(
        String name,
        String code,
        String formula,
        String range,
        String source,
        @Nullable Curve curve) {
    /** A method without a picture. */
    CatalogueEntry(String name, String code, String formula, String range, String source) {
        this(name, code, formula, range, source, null);
    }

    /** The name as a word for files and variables: lower case, joined by underscores. */
    String word() {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_").replaceAll("^_|_$", "");
    }
}
