package dev.fathom.bench;

/**
 * Attention of the rows {@code attention-*}, so that every contender computes the same with the same numbers: y =
 * softmax(q k^T / sqrt(D)) v for each of {@link #COUNT} heads, with q, k and v [length, COUNT D], and its gradients for
 * a given one of y.
 *
 * @param length queries, and keys
 */
public record Heads(int length) {
    /** How many there are. */
    public static final int COUNT = 8;
    /** How many numbers a query of a head has. */
    public static final int D = 64;

    /** Queries. */
    public float[] q() {
        return numbers(1);
    }

    /** Keys. */
    public float[] k() {
        return numbers(2);
    }

    /** Values. */
    public float[] v() {
        return numbers(3);
    }

    /** The gradient of y. */
    public float[] dy() {
        return numbers(4);
    }

    private float[] numbers(int seed) {
        return Work.normal(seed, length * COUNT * D, 0, 1);
    }

    /**
     * Floating-point operations forward and backward: two products forward; backward one of them again and four of its
     * own.
     */
    double flops() {
        return 2.0 * 7 * length * length * COUNT * D;
    }

    /**
     * Compares y and the gradient of q with double precision at a few queries, and tells of the gradients of k and v.
     */
    public void check(float[] y, float[] dq, float[] dk, float[] dv) {
        float[] q = q();
        float[] k = k();
        float[] v = v();
        float[] dy = dy();
        for (int head : new int[] {0, COUNT - 1}) {
            for (int query : new int[] {0, length / 3, length - 1}) {
                int at = (query * COUNT + head) * D;
                double[] p = new double[length];
                double sum = 0;
                for (int key = 0; key < length; key++) {
                    p[key] = Math.exp(dot(q, at, k, (key * COUNT + head) * D) / Math.sqrt(D));
                    sum += p[key];
                }
                double[] expected = new double[D];
                double[] gradient = new double[D];
                double mean = 0; // of p' over the weights
                double[] dp = new double[length];
                for (int key = 0; key < length; key++) {
                    p[key] /= sum;
                    dp[key] = dot(dy, at, v, (key * COUNT + head) * D);
                    mean += p[key] * dp[key];
                }
                for (int key = 0; key < length; key++) {
                    for (int i = 0; i < D; i++) {
                        int j = (key * COUNT + head) * D + i;
                        expected[i] += p[key] * v[j];
                        gradient[i] += p[key] * (dp[key] - mean) * k[j] / Math.sqrt(D);
                    }
                }
                for (int i = 0; i < D; i++) {
                    Work.check("y of query " + query, y[at + i], expected[i], 1e-4);
                    Work.check("dq of query " + query, dq[at + i], gradient[i], 1e-4);
                }
            }
        }
        Work.tellOf(dq, dk, dv);
    }

    private static double dot(float[] a, int i, float[] b, int j) {
        double sum = 0;
        for (int n = 0; n < D; n++) {
            sum += (double) a[i + n] * b[j + n];
        }
        return sum;
    }
}
