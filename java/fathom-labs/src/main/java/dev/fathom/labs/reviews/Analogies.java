package dev.fathom.labs.reviews;

import dev.fathom.text.WordVectors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Questions of the form "a is to b as c is to what?" (Mikolov et al. 2013) with words of film reviews. Two pairs of a
 * family make two questions. The answer is the word, other than the three of the question, whose vector has the largest
 * cosine with b - a + c, where all vectors are scaled to length 1.
 */
final class Analogies {
    /** Pairs of words in the same relation, by its name. */
    static final Map<String, String> FAMILIES = new LinkedHashMap<>();

    static {
        FAMILIES.put(
                "singular, plural",
                "actor actors, movie movies, film films, scene scenes, character characters, director directors, "
                        + "story stories, role roles, song songs, episode episodes, man men, woman women, child "
                        + "children, joke jokes");
        FAMILIES.put(
                "present, past",
                "make made, go went, see saw, take took, give gave, think thought, write wrote, play played, watch "
                        + "watched, love loved, want wanted, try tried, turn turned, look looked");
        FAMILIES.put(
                "adjective, comparative",
                "good better, bad worse, big bigger, old older, long longer, young younger, fast faster, hard "
                        + "harder, short shorter, dark darker, deep deeper, high higher");
        FAMILIES.put(
                "adjective, superlative",
                "good best, bad worst, great greatest, funny funniest, weak weakest, big biggest, strong strongest, "
                        + "high highest, young youngest, old oldest, late latest, cheap cheapest");
        FAMILIES.put(
                "adjective, adverb",
                "real really, complete completely, absolute absolutely, poor poorly, slow slowly, perfect perfectly, "
                        + "quick quickly, sad sadly, serious seriously, extreme extremely, beautiful beautifully, "
                        + "bad badly");
        FAMILIES.put(
                "he, she",
                "he she, his her, himself herself, man woman, men women, boy girl, father mother, brother sister, "
                        + "son daughter, husband wife, king queen, actor actress, uncle aunt, hero heroine");
        FAMILIES.put(
                "country, nationality",
                "france french, england english, italy italian, germany german, japan japanese, china chinese, "
                        + "america american, spain spanish, russia russian, india indian, mexico mexican, canada "
                        + "canadian");
        FAMILIES.put(
                "person, activity",
                "actor acting, director directing, writer writing, producer producing, singer singing, dancer "
                        + "dancing, fighter fighting, killer killing, player playing, teacher teaching, driver "
                        + "driving, reader reading");
        FAMILIES.put(
                "genre, adjective",
                "comedy funny, horror scary, drama dramatic, thriller thrilling, romance romantic, mystery "
                        + "mysterious, tragedy tragic, suspense suspenseful, action exciting, satire satirical");
        FAMILIES.put(
                "opposites",
                "good bad, best worst, better worse, love hate, happy sad, beautiful ugly, rich poor, hero villain, "
                        + "interesting boring, realistic unrealistic, believable unbelievable, likable unlikable, "
                        + "excellent terrible, strong weak");
        FAMILIES.put(
                "first, last name",
                "stanley kubrick, steven spielberg, alfred hitchcock, woody allen, clint eastwood, tom hanks, bruce "
                        + "willis, john wayne, jackie chan, quentin tarantino, martin scorsese, meryl streep, julia "
                        + "roberts, adam sandler, al pacino, brad pitt");
    }

    private Analogies() {}

    /**
     * How well vectors answer.
     *
     * @param asked the questions whose words all have a vector
     * @param right the questions that are answered correctly
     * @param near the questions whose correct answer is among the five nearest words
     * @param nearestToC the questions whose correct answer is the word nearest to c, which ignores a and b
     */
    record Score(int asked, int right, int near, int nearestToC) {
        Score plus(Score other) {
            return new Score(
                    asked + other.asked, right + other.right, near + other.near, nearestToC + other.nearestToC);
        }

        /** The share of correct answers, in percent. */
        double accuracy() {
            return percent(right);
        }

        /** The share of questions whose answer is among the five nearest words, in percent. */
        double top5() {
            return percent(near);
        }

        /** The share of correct answers of the word nearest to c, in percent. */
        double baseline() {
            return percent(nearestToC);
        }

        private double percent(int count) {
            return 100.0 * count / Math.max(1, asked);
        }
    }

    /** The score of each family whose questions can be asked, by its name. */
    static Map<String, Score> scores(WordVectors vectors) {
        Directions all = Directions.of(vectors);
        Map<String, Score> scores = new LinkedHashMap<>();
        FAMILIES.forEach((family, list) -> {
            List<int[]> pairs = new ArrayList<>();
            for (String pair : list.split(", ")) {
                String[] both = pair.split(" ");
                if (vectors.words().contains(both[0]) && vectors.words().contains(both[1])) {
                    pairs.add(new int[] {
                        vectors.words().id(both[0]), vectors.words().id(both[1])
                    });
                }
            }
            IntStream.range(0, pairs.size() * pairs.size())
                    .filter(i -> i / pairs.size() != i % pairs.size())
                    .parallel()
                    .mapToObj(i -> all.ask(pairs.get(i / pairs.size()), pairs.get(i % pairs.size())))
                    .reduce(Score::plus)
                    .ifPresent(score -> scores.put(family, score));
        });
        return scores;
    }

    /** The score of all families. */
    static Score sum(Map<String, Score> scores) {
        return scores.values().stream().reduce(new Score(0, 0, 0, 0), Score::plus);
    }

    /** Scales a vector to length 1 in place and returns it; 0 stays 0. */
    static float[] unit(float[] v) {
        double squares = 0;
        for (float x : v) {
            squares += x * x;
        }
        for (int i = 0; i < v.length && squares > 0; i++) {
            v[i] = (float) (v[i] / Math.sqrt(squares));
        }
        return v;
    }

    /** Vectors of length 1. */
    private record Directions(float[][] rows) {
        static Directions of(WordVectors vectors) {
            return new Directions(vectors.words().tokens().stream()
                    .map(word -> unit(vectors.vector(word)))
                    .toArray(float[][]::new));
        }

        Score ask(int[] known, int[] question) {
            float[] target = new float[rows[0].length];
            for (int i = 0; i < target.length; i++) {
                target[i] = rows[known[1]][i] - rows[known[0]][i] + rows[question[0]][i];
            }
            int nearer = nearer(target, question[1], known[0], known[1], question[0]);
            int nearerToC = nearer(rows[question[0]], question[1], question[0]);
            return new Score(1, nearer == 0 ? 1 : 0, nearer < 5 ? 1 : 0, nearerToC == 0 ? 1 : 0);
        }

        /** How many words, other than those of the question, are nearer to a direction than {@code wanted}. */
        private int nearer(float[] target, int wanted, int... excluded) {
            float cosine = dot(target, rows[wanted]);
            int n = 0;
            for (int i = 0; i < rows.length; i++) {
                int word = i;
                if (i != wanted
                        && dot(target, rows[i]) >= cosine
                        && Arrays.stream(excluded).noneMatch(e -> e == word)) {
                    n++;
                }
            }
            return n;
        }

        private static float dot(float[] a, float[] b) {
            float sum = 0;
            for (int i = 0; i < a.length; i++) {
                sum += a[i] * b[i];
            }
            return sum;
        }
    }
}
