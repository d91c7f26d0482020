package dev.fathom.labs.reviews;

import dev.fathom.text.WordVectors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Questions of the form "a is to b as c is to ?" (Mikolov et al. 2013) that reviews of films can know. Two pairs of a family make two questions. The answer is the
 * word, other than the three of the question, whose vector has the greatest cosine with b - a + c, all of them of length 1.
 */
final class Analogies {
    /** Pairs in the same relation, by what it is. */
    static final Map<String, String> FAMILIES = new LinkedHashMap<>();

    static {
        FAMILIES.put(
                "one, many",
                "actor actors, movie movies, film films, scene scenes, character characters, director directors, story stories, role roles, "
                        + "song songs, episode episodes, man men, woman women, child children, joke jokes");
        FAMILIES.put(
                "present, past",
                "make made, go went, see saw, take took, give gave, think thought, write wrote, play played, watch watched, love loved, "
                        + "want wanted, try tried, turn turned, look looked");
        FAMILIES.put(
                "comparison",
                "good better, bad worse, big bigger, old older, long longer, young younger, fast faster, hard harder, short shorter, "
                        + "dark darker, deep deeper, high higher");
        FAMILIES.put(
                "greatest",
                "good best, bad worst, great greatest, funny funniest, weak weakest, big biggest, strong strongest, high highest, young "
                        + "youngest, old oldest, late latest, cheap cheapest");
        FAMILIES.put(
                "how",
                "real really, complete completely, absolute absolutely, poor poorly, slow slowly, perfect perfectly, quick quickly, sad "
                        + "sadly, serious seriously, extreme extremely, beautiful beautifully, bad badly");
        FAMILIES.put(
                "he, she",
                "he she, his her, himself herself, man woman, men women, boy girl, father mother, brother sister, son daughter, husband "
                        + "wife, king queen, actor actress, uncle aunt, hero heroine");
        FAMILIES.put(
                "country, its people",
                "france french, england english, italy italian, germany german, japan japanese, china chinese, america american, spain "
                        + "spanish, russia russian, india indian, mexico mexican, canada canadian");
        FAMILIES.put(
                "who, what they do",
                "actor acting, director directing, writer writing, producer producing, singer singing, dancer dancing, fighter fighting, "
                        + "killer killing, player playing, teacher teaching, driver driving, reader reading");
        FAMILIES.put(
                "kind of film, how it is",
                "comedy funny, horror scary, drama dramatic, thriller thrilling, romance romantic, mystery mysterious, tragedy tragic, "
                        + "suspense suspenseful, action exciting, satire satirical");
        FAMILIES.put(
                "opposites",
                "good bad, best worst, better worse, love hate, happy sad, beautiful ugly, rich poor, hero villain, interesting boring, "
                        + "realistic unrealistic, believable unbelievable, likable unlikable, excellent terrible, strong weak");
        FAMILIES.put(
                "first, last name",
                "stanley kubrick, steven spielberg, alfred hitchcock, woody allen, clint eastwood, tom hanks, bruce willis, john wayne, "
                        + "jackie chan, quentin tarantino, martin scorsese, meryl streep, julia roberts, adam sandler, al pacino, brad pitt");
    }

    private Analogies() {}

    /**
     * How well vectors answer.
     *
     * @param asked questions all of whose words have a vector
     * @param right questions answered by the wanted word
     * @param near questions whose wanted word is among the five nearest
     * @param rightAlone questions that the word nearest to c alone answers, whatever a and b are
     */
    record Score(int asked, int right, int near, int rightAlone) {
        Score plus(Score other) {
            return new Score(
                    asked + other.asked, right + other.right, near + other.near, rightAlone + other.rightAlone);
        }

        double accuracy() {
            return (double) right / Math.max(1, asked);
        }

        double accuracyAlone() {
            return (double) rightAlone / Math.max(1, asked);
        }
    }

    /** The score of each family that has a question, by its name. */
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

    /** Vectors of length 1. */
    private record Directions(float[][] rows) {
        static Directions of(WordVectors vectors) {
            return new Directions(vectors.words().tokens().stream()
                    .map(word -> unit(vectors.vector(word)))
                    .toArray(float[][]::new));
        }

        private static float[] unit(float[] v) {
            double squares = 0;
            for (float x : v) {
                squares += x * x;
            }
            for (int i = 0; i < v.length && squares > 0; i++) {
                v[i] = (float) (v[i] / Math.sqrt(squares));
            }
            return v;
        }

        Score ask(int[] known, int[] question) {
            float[] target = new float[rows[0].length];
            for (int i = 0; i < target.length; i++) {
                target[i] = rows[known[1]][i] - rows[known[0]][i] + rows[question[0]][i];
            }
            int better = better(target, question[1], known[0], known[1], question[0]);
            int alone = better(rows[question[0]], question[1], question[0]);
            return new Score(1, better == 0 ? 1 : 0, better < 5 ? 1 : 0, alone == 0 ? 1 : 0);
        }

        /** How many words other than these are nearer to a direction than {@code wanted} is. */
        private int better(float[] target, int wanted, int... others) {
            double known = dot(target, rows[wanted]);
            int n = 0;
            for (int i = 0; i < rows.length; i++) {
                int word = i;
                if (i != wanted
                        && dot(target, rows[i]) >= known
                        && Arrays.stream(others).noneMatch(o -> o == word)) {
                    n++;
                }
            }
            return n;
        }

        private static double dot(float[] a, float[] b) {
            float sum = 0;
            for (int i = 0; i < a.length; i++) {
                sum += a[i] * b[i];
            }
            return sum;
        }
    }
}
