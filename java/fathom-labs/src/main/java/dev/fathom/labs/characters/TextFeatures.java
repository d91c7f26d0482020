package dev.fathom.labs.characters;

import java.util.LinkedHashMap;
import java.util.Map;

/** Features of each character of a text: 1 for yes, 0 for no, or a number. */
final class TextFeatures {
    private TextFeatures() {}

    /**
     * Features of plays. The name of a speaker is a line that ends with a colon and follows an empty line or nothing.
     */
    static Map<String, float[]> ofPlays(String text) {
        int n = text.length();
        float[] first = new float[n];
        float[] distance = new float[n];
        float[] capital = new float[n];
        float[] speaker = new float[n];
        for (int begin = 0; begin < n; ) {
            int end = text.indexOf('\n', begin);
            end = end < 0 ? n : end;
            boolean named = end > begin && text.charAt(end - 1) == ':' && (begin < 2 || text.charAt(begin - 2) == '\n');
            boolean inFirst = true;
            for (int i = begin; i < end; i++) {
                char c = text.charAt(i);
                inFirst &= c != ' ';
                first[i] = inFirst ? 1 : 0;
                distance[i] = i - begin + 1;
                capital[i] = Character.isUpperCase(c) ? 1 : 0;
                speaker[i] = named ? 1 : 0;
            }
            begin = end + 1;
        }
        Map<String, float[]> all = new LinkedHashMap<>();
        all.put("inside the first word of a line", first);
        all.put("distance from the beginning of the line", distance);
        all.put("capital letter", capital);
        all.put("inside the name of a speaker", speaker);
        return all;
    }
}
