package dev.fathom.tensor;

import dev.fathom.op.Cell;

/** The formulas of recurrent cells in double precision, one sequence after the other: references of the op table. */
final class Recurrence {
    private final Cell cell;
    private final boolean reverse;
    private final boolean updateGatesCandidate;

    Recurrence(Cell cell, boolean reverse, boolean updateGatesCandidate) {
        this.cell = cell;
        this.reverse = reverse;
        this.updateGatesCandidate = updateGatesCandidate;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /**
     * y [n, t, h] of x, W, U, the two biases, and as the cell has them peepholes, the hidden and the cell state, and
     * lengths.
     */
    Doubles of(Doubles... in) {
        int h = in[2].dim(1);
        Doubles lengths = cell.hasCellState() ? in[8] : in[6];
        Doubles hidden = in[cell.hasCellState() ? 6 : 5];
        Doubles y = Doubles.each(new int[] {in[0].dim(0), in[0].dim(1), h}, i -> 0);
        for (int b = 0; b < in[0].dim(0); b++) {
            double[] state = new double[h];
            double[] c = new double[h];
            for (int j = 0; j < h; j++) {
                state[j] = hidden.at(b, j);
                c[j] = cell.hasCellState() ? in[7].at(b, j) : 0;
            }
            int length = (int) lengths.at(b);
            for (int s = 0; s < length; s++) {
                int time = reverse ? length - 1 - s : s;
                state = step(in, b, time, state, c);
                System.arraycopy(state, 0, y.v(), (b * in[0].dim(1) + time) * h, h);
            }
        }
        return y;
    }

    private double fromInput(Doubles[] in, int row, int b, int time) {
        double sum = in[3].at(row);
        for (int k = 0; k < in[0].dim(2); k++) {
            sum += in[1].at(row, k) * in[0].at(b, time, k);
        }
        return sum;
    }

    private double fromState(Doubles[] in, int row, double[] state) {
        double sum = in[4].at(row);
        for (int k = 0; k < state.length; k++) {
            sum += in[2].at(row, k) * state[k];
        }
        return sum;
    }

    private double[] step(Doubles[] in, int b, int time, double[] state, double[] c) {
        int h = state.length;
        double[][] sums = new double[cell.gates()][h];
        for (int g = 0; g < sums.length; g++) {
            for (int j = 0; j < h; j++) {
                sums[g][j] = fromInput(in, g * h + j, b, time)
                        + (cell.hasUpdateGate() && g == 2 ? 0 : fromState(in, g * h + j, state));
            }
        }
        double[] reset = new double[h];
        for (int j = 0; cell.hasUpdateGate() && j < h; j++) {
            reset[j] = sigmoid(sums[0][j]) * state[j];
        }
        double[] next = new double[h];
        for (int j = 0; j < h; j++) {
            next[j] = switch (cell) {
                case TANH -> Math.tanh(sums[0][j]);
                case RELU -> Math.max(sums[0][j], 0);
                case UGRNN -> {
                    double u = sigmoid(sums[0][j]);
                    yield u * state[j] + (1 - u) * Math.tanh(sums[1][j]);
                }
                case LSTM -> {
                    double i = sigmoid(sums[0][j] + in[5].at(j) * c[j]);
                    double f = sigmoid(sums[1][j] + in[5].at(h + j) * c[j]);
                    c[j] = f * c[j] + i * Math.tanh(sums[2][j]);
                    yield sigmoid(sums[3][j] + in[5].at(2 * h + j) * c[j]) * Math.tanh(c[j]);
                }
                case GRU, GRU_RESET_FIRST -> {
                    double inner = fromState(in, 2 * h + j, cell == Cell.GRU ? state : reset);
                    double z = sigmoid(sums[1][j]);
                    double fresh = Math.tanh(sums[2][j] + (cell == Cell.GRU ? sigmoid(sums[0][j]) : 1) * inner);
                    yield updateGatesCandidate ? (1 - z) * state[j] + z * fresh : (1 - z) * fresh + z * state[j];
                }
            };
        }
        return next;
    }
}
