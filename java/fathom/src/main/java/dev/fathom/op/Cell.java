package dev.fathom.op;

/**
 * The cell of a recurrent layer: how a step turns its input x and the hidden state h before it into the hidden state h'
 * behind it. W and U hold the weights of all gates one below the other, in the order named here, which is PyTorch's;
 * each gate has a bias b of its own. The order of this enum is that of the library's.
 */
public enum Cell {
    /** h' = tanh(W x + U h + b) (Elman 1990). */
    TANH(1, false, "rnn_tanh"),
    /** h' = relu(W x + U h + b). */
    RELU(1, false, "rnn_relu"),
    /**
     * Long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers et al. 2000). Gates i, f, g, o:
     * c' = sigmoid(f) c + sigmoid(i) tanh(g) and h' = sigmoid(o) tanh(c').
     */
    LSTM(4, true, "lstm"),
    /**
     * Gated recurrent unit (Cho et al. 2014) as PyTorch and cuDNN have it. Each gate a is W_a x + U_a h + b_a. Gates r,
     * z, n: with r' = sigmoid(r) and z' = sigmoid(z), n' = tanh(W_n x + b_n + r' (U_n h + b_hn)) and h' = (1 - z') n' +
     * z' h.
     */
    GRU(3, true, "gru"),
    /**
     * The gated recurrent unit of the paper and of textbooks, whose reset gate comes first: n' = tanh(W_n x + U_n (r'
     * h) + b_n).
     */
    GRU_RESET_FIRST(3, true, "gru"),
    /**
     * Update gate recurrent network (Collins et al. 2017). Gates u, c: h' = sigmoid(u) h + (1 - sigmoid(u)) tanh(c).
     */
    UGRNN(2, false, "ugrnn");

    private final int gates;
    private final boolean keepsMore;
    private final String label;

    Cell(int gates, boolean keepsMore, String label) {
        this.gates = gates;
        this.keepsMore = keepsMore;
        this.label = label;
    }

    /** Returns the number of gates, which is the height of W and U in hidden units. */
    public int gates() {
        return gates;
    }

    /** Returns whether backward reads one more number of each unit and step than its gates and its hidden state. */
    public boolean keepsMore() {
        return keepsMore;
    }

    /** Returns whether a cell state goes from step to step beside the hidden state. */
    public boolean hasCellState() {
        return this == LSTM;
    }

    /** Returns whether the cell has an update gate that mixes the state with a candidate, whose sense can be chosen. */
    public boolean hasUpdateGate() {
        return this == GRU || this == GRU_RESET_FIRST;
    }

    /** Returns the name in messages and graphs. */
    public String label() {
        return label;
    }
}
