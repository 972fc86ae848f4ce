using RateLimiter.Bench.Targets;

namespace RateLimiter.Soak;

/// <summary>
/// The mix of requests: all algorithms, alone and several in a policy, single checks and batches, by users who stay
/// below their limits and by some who exceed them all the time.
/// </summary>
internal sealed class Mix(IReadOnlyList<Tenant> tenants)
{
    /// <summary>A day, in seconds: longer than the tool runs.</summary>
    public const int LongWindow = 86_400;

    private const int ChecksPerBatch = 10;

    /// <summary>This many single checks come between two batches: half of all checks.</summary>
    private const int SinglesPerBatch = ChecksPerBatch;

    private const int ModestUsers = 2000;
    private const int GreedyUsersAtOnce = 3;
    private const int ChecksOfAGreedyUser = 80;

    // The same sequence every time.
    private readonly Random random = new(1);
    private readonly Dictionary<(Tenant, Rule, string), Subject> subjects = [];
    private readonly Dictionary<(Tenant, Rule), int> greedyChecks = [];
    private long requests;

    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("fixed", new Limit(40, LongWindow)),
        new("sliding", new Limit(40, LongWindow, "sliding_window")),
        new("log", new Limit(40, LongWindow, "sliding_log")),
        new("token", new Limit(40, LongWindow, "token_bucket")),
        new("leaky", new Limit(40, LongWindow, "leaky_bucket", Burst: 20)),
        new("two", new Limit(40, LongWindow), new Limit(30, LongWindow, "token_bucket")),
        new(
            "three",
            new Limit(30, LongWindow, "sliding_window"),
            new Limit(40, LongWindow, "sliding_log"),
            new Limit(100, LongWindow, "leaky_bucket", Burst: 35)
        ),
        new("second", new Limit(5, 1)),
        new("burst", new Limit(10, 2, "token_bucket", Burst: 20)),
    ];

    /// <summary>The subjects of the next request: one, or those of a batch, all of one tenant.</summary>
    public IReadOnlyList<Subject> Next()
    {
        var checks = requests++ % (SinglesPerBatch + 1) == SinglesPerBatch ? ChecksPerBatch : 1;
        var tenant = tenants[random.Next(tenants.Count)];
        return [.. Enumerable.Range(0, checks).Select(_ => Draw(tenant))];
    }

    private Subject Draw(Tenant tenant)
    {
        var rule = Rules[random.Next(Rules.Count)];
        var user =
            random.Next(2) == 0 ? Greedy(tenant, rule) : $"modest-{random.Next(ModestUsers)}";
        return subjects.TryGetValue((tenant, rule, user), out var known)
            ? known
            : subjects[(tenant, rule, user)] = new Subject(tenant, rule, user);
    }

    // A few users send checks together until all of them are over their limits, then others follow: at any time some
    // are about to exceed theirs.
    private string Greedy(Tenant tenant, Rule rule)
    {
        var count = greedyChecks[(tenant, rule)] =
            greedyChecks.GetValueOrDefault((tenant, rule)) + 1;
        var generation = count / (GreedyUsersAtOnce * ChecksOfAGreedyUser);
        return $"greedy-{generation}-{random.Next(GreedyUsersAtOnce)}";
    }
}
