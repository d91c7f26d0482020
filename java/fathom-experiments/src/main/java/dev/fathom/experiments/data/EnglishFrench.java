package dev.fathom.experiments.data;

import dev.fathom.io.TextFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * English sentences with French translations, from the shortest to the longest (Tatoeba, from manythings.org/anki); not
 * part of the project.
 */
public final class EnglishFrench {
    /** The folder and its file. */
    public static final DataSet SET = DataSet.of(
            "eng-fra",
            List.of("eng-fra.tsv.gz"),
            "make it from fra.txt in fra-eng.zip of manythings.org/anki, with one English sentence, a tab and one "
                    + "French sentence on each line, "
                    + "compressed with gzip",
            "CC BY 2.0 FR (Tatoeba)",
            EnglishFrench::standIn);

    /** A sentence and one of its translations. */
    public record Pair(String english, String french) {}

    /** Parts of sentences and their translations, which go together one by one. */
    private static final List<List<Pair>> PARTS = List.of(
            pairs("I=je, you=tu, he=il, she=elle, we=nous, they=ils, Tom=Tom, Mary=Marie"),
            pairs("see=vois, want=veux, like=aime, hear=entends, take=prends, sell=vends, find=trouve, draw=dessine"),
            pairs("the=le, a=un, this=ce, my=mon, your=ton, his=son, every=chaque, no=aucun"),
            pairs("red=rouge, small=petit, big=grand, old=vieux, new=nouveau, sad=triste, young=jeune, fast=rapide"),
            pairs("dog=chien, cat=chat, boat=bateau, bird=oiseau, train=train, tree=arbre, bread=pain, garden=jardin, "
                    + "horse=cheval, hat=chapeau, boy=garçon, river=fleuve"));

    private EnglishFrench() {}

    private static List<Pair> pairs(String words) {
        return Stream.of(words.split(", "))
                .map(word -> new Pair(word.split("=")[0], word.split("=")[1]))
                .toList();
    }

    /** Sentences of one grammar, whose words stand for each other; without their adjective they are short. */
    private static void standIn(Path folder) {
        SplittableRandom random = new SplittableRandom(4);
        Set<Pair> all = new LinkedHashSet<>();
        while (all.size() < 9000) {
            List<Pair> chosen = new ArrayList<>();
            PARTS.forEach(part -> chosen.add(part.get(random.nextInt(part.size()))));
            if (random.nextInt(10) == 0) {
                chosen.remove(3);
            }
            all.add(new Pair(sentence(chosen, Pair::english), sentence(chosen, Pair::french)));
        }
        StandIn.text(
                folder.resolve(SET.files().get(0)),
                all.stream()
                        .sorted(Comparator.comparingInt(pair -> pair.english.length()))
                        .map(pair -> pair.english + "\t" + pair.french + "\n")
                        .collect(Collectors.joining()));
    }

    private static String sentence(List<Pair> words, Function<Pair, String> language) {
        String text = words.stream().map(language).collect(Collectors.joining(" "));
        return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
    }

    /**
     * Reads all pairs in the order of the file.
     *
     * @param folder that has the file, null for the usual place
     * @throws IllegalArgumentException if the file is missing, or a line is not a pair
     */
    public static List<Pair> read(@Nullable Path folder) {
        Path file = SET.folder(folder).resolve(SET.files().get(0));
        List<Pair> pairs = new ArrayList<>();
        TextFile.lines(file, "a file of sentences", (number, line) -> {
            String[] fields = line.split("\t", -1);
            if (fields.length != 2 || fields[0].isBlank() || fields[1].isBlank()) {
                throw new IllegalArgumentException(file + " line " + number + ": "
                        + (fields.length == 2
                                ? "one of its two sentences is empty"
                                : "it has " + (fields.length - 1) + " tabs")
                        + "; a line is an English sentence, one tab and a French sentence, so fetch the file again");
            }
            pairs.add(new Pair(fields[0], fields[1]));
        });
        return pairs;
    }
}
