package dev.fathom.decode;

import java.util.Arrays;
import java.util.List;

/**
 * The fewest insertions, deletions and substitutions that turn the hypotheses into the references (Levenshtein 1966),
 * as a share of the length of the references, over a whole corpus. It may be above 1, if there is much to delete.
 *
 * @param edits how many insertions, deletions and substitutions
 * @param length characters or words of all references
 */
public record ErrorRate(long edits, long length) {
    /**
     * Returns edits / length. The rate is 0 if there are no edits, and infinite if the references are empty but a
     * hypothesis is not.
     */
    public double value() {
        return edits == 0 ? 0 : (double) edits / length;
    }

    /**
     * Returns the character error rate (CER). Characters are Unicode code points, and spaces are characters.
     *
     * @throws IllegalArgumentException if there are not as many hypotheses as references
     */
    public static ErrorRate ofCharacters(List<String> hypotheses, List<String> references) {
        return of(
                hypotheses.stream().map(ErrorRate::characters).toList(),
                references.stream().map(ErrorRate::characters).toList());
    }

    /**
     * Returns the word error rate (WER). Words are what white space separates; change case and punctuation before if
     * they are not to count.
     *
     * @throws IllegalArgumentException if there are not as many hypotheses as references
     */
    public static ErrorRate ofWords(List<String> hypotheses, List<String> references) {
        return of(
                hypotheses.stream().map(ErrorRate::words).toList(),
                references.stream().map(ErrorRate::words).toList());
    }

    /**
     * Returns the rate for lists of tokens, which {@code equals} compares, such as the labels of {@link CtcDecoding}.
     *
     * @throws IllegalArgumentException if there are not as many hypotheses as references
     */
    public static <T> ErrorRate of(List<List<T>> hypotheses, List<List<T>> references) {
        if (hypotheses.size() != references.size()) {
            throw new IllegalArgumentException("error rate: there are " + hypotheses.size() + " hypotheses but "
                    + references.size() + " references; give one for each");
        }
        long edits = 0;
        long length = 0;
        for (int i = 0; i < references.size(); i++) {
            edits += distance(hypotheses.get(i), references.get(i));
            length += references.get(i).size();
        }
        return new ErrorRate(edits, length);
    }

    private static List<Integer> characters(String text) {
        return text.codePoints().boxed().toList();
    }

    private static List<String> words(String text) {
        return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
    }

    /**
     * Returns the smallest number of insertions, deletions and substitutions that make one list of the other
     * (Levenshtein 1966), in time |a| |b| and memory |b|.
     */
    public static <T> int distance(List<T> a, List<T> b) {
        int[] row = new int[b.size() + 1];
        Arrays.setAll(row, j -> j);
        for (int i = 1; i <= a.size(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.size(); j++) {
                int substituted = diagonal + (a.get(i - 1).equals(b.get(j - 1)) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.size()];
    }
}
