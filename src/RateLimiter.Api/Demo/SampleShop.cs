using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Demo;

/// <summary>
/// A fictitious shop: its policies, and what its users do. The same minute always produces the same checks, so that the
/// simulated past looks like the present.
/// </summary>
internal static class SampleShop
{
    private const string Search = "GET /search";
    private const string Login = "POST /login";
    private const string Orders = "POST /orders";
    private const string Export = "GET /export";
    private const string Images = "GET /images";

    private const string Premium = "premium";
    private const string Crawler = "crawler-7";
    private const string Guesser = "203.0.113.66";

    private const double MeanChecksPerMinute = 60;
    private static readonly TimeSpan CrawlEvery = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan GuessEvery = TimeSpan.FromMinutes(7);

    private static readonly string[] Users =
    [
        "ada",
        "grace",
        "linus",
        "margaret",
        "dennis",
        "barbara",
        "ken",
        "radia",
        "edsger",
        "frances",
        "donald",
        "adele",
        "niklaus",
        "hedy",
        "tony",
        "katherine",
        "alan",
        "sophie",
        "john",
        "shafi",
    ];

    /// <summary>The paying customers.</summary>
    private static readonly HashSet<string> PremiumUsers = ["grace", "radia", "hedy"];

    private static readonly (string Route, int Weight)[] Routes =
    [
        (Search, 48),
        (Images, 25),
        (Orders, 14),
        (Login, 8),
        (Export, 5),
    ];

    public static IReadOnlyList<PolicyDefinition> Policies { get; } =
    [
        new(
            PolicyKey.Create(Search, null),
            [Single(Algorithm.TokenBucket, 20, TimeSpan.FromMinutes(1), burst: 10)],
            "Allows a few searches at once, but no crawler.",
            IsActive: true,
            PolicyMode.Enforce,
            StoreFailureMode.Local
        ),
        new(
            PolicyKey.Create(Login, null),
            [
                RateLimit.Create("minute", Algorithm.SlidingLog, 5, TimeSpan.FromMinutes(1)),
                RateLimit.Create("hour", Algorithm.SlidingWindow, 20, TimeSpan.FromHours(1)),
            ],
            "Against password guessing: per address, not per account.",
            IsActive: true,
            PolicyMode.Enforce,
            StoreFailureMode.Deny
        ),
        new(
            PolicyKey.Create(Orders, null),
            [Single(Algorithm.SlidingWindow, 4, TimeSpan.FromMinutes(1))],
            "Faster than anyone orders by hand.",
            IsActive: true,
            PolicyMode.Enforce
        ),
        new(
            PolicyKey.Create(Orders, Premium),
            [Single(Algorithm.SlidingWindow, 60, TimeSpan.FromMinutes(1))],
            "Premium customers place orders by API.",
            IsActive: true,
            PolicyMode.Enforce
        ),
        new(
            PolicyKey.Create(Export, null),
            [Single(Algorithm.FixedWindow, 5, TimeSpan.FromHours(1))],
            "In shadow mode: how many checks would it deny?",
            IsActive: true,
            PolicyMode.Shadow
        ),
        new(
            PolicyKey.CatchAll,
            [Single(Algorithm.FixedWindow, 60, TimeSpan.FromMinutes(1))],
            "All other routes.",
            IsActive: true,
            PolicyMode.Enforce,
            StoreFailureMode.Allow
        ),
    ];

    /// <summary>The checks of a minute, in chronological order.</summary>
    public static IReadOnlyList<(DateTimeOffset At, Check Check)> ChecksOf(DateTimeOffset minute)
    {
        var number = minute.ToUnixTimeSeconds() / 60;
        var random = new Random((int)number);
        // Twice as many in the afternoon as at night, with random variation.
        var day = Math.Sin(2 * Math.PI * (minute.UtcDateTime.TimeOfDay.TotalDays - 0.35));
        var count = (int)(MeanChecksPerMinute * (1 + day / 3) * (0.85 + 0.3 * random.NextDouble()));
        var checks = new List<(DateTimeOffset At, Check Check)>();
        for (var i = 0; i < count; i++)
        {
            // The first users of the list send the most checks.
            var user = Users[(int)(Users.Length * Math.Pow(random.NextDouble(), 1.8))];
            Add(user, Weighted(random, Routes));
        }

        if (number % (long)CrawlEvery.TotalMinutes == 0)
        {
            AddMany(Crawler, Search, 45);
        }

        if (number % (long)GuessEvery.TotalMinutes == 0)
        {
            AddMany(Guesser, Login, 12);
        }

        checks.Sort((one, other) => one.At.CompareTo(other.At));
        return checks;

        void AddMany(string user, string route, int times)
        {
            for (var i = 0; i < times; i++)
            {
                Add(user, route);
            }
        }

        void Add(string user, string route) =>
            checks.Add(
                (
                    minute + random.NextDouble() * TimeSpan.FromMinutes(1),
                    new Check(
                        user,
                        route,
                        PremiumUsers.Contains(user) ? Premium : PolicyKey.DefaultRole,
                        Cost: 1
                    )
                )
            );
    }

    private static RateLimit Single(
        Algorithm algorithm,
        long permits,
        TimeSpan window,
        long? burst = null
    ) => RateLimit.Create(Limit.DefaultName, algorithm, permits, window, burst);

    private static string Weighted(Random random, (string Route, int Weight)[] routes)
    {
        var left = random.Next(routes.Sum(route => route.Weight));
        return routes.First(route => (left -= route.Weight) < 0).Route;
    }
}
