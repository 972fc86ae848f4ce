using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Policies;

public sealed class LimitFieldsTests
{
    private static readonly LimitFields Least = new(10, 60, null, null);

    [Test]
    public void ToLimit_OnlyWhatMustBeThere_FillsInTheDefaults()
    {
        var limit = Least.ToLimit();

        Assert.That(
            (
                limit.Name,
                limit.Algorithm,
                limit.Permits,
                limit.LongestWindow,
                (limit as BucketLimit)?.Burst
            ),
            Is.EqualTo(
                ("default", Algorithm.FixedWindow, 10L, TimeSpan.FromSeconds(60), (long?)null)
            )
        );
    }

    [Test]
    public void ToLimits_List_TakesOverEveryFieldOfEach()
    {
        var limits = LimitFields.ToLimits([
            new(12, 60, Algorithm.LeakyBucket, 3, "even"),
            new(200, 2_592_000, null, null),
        ]);

        Assert.That(
            limits.Select(limit =>
                (limit.Name, limit.Algorithm, limit.Permits, (limit as BucketLimit)?.Burst)
            ),
            Is.EqualTo(
                new[]
                {
                    ("even", Algorithm.LeakyBucket, 12L, (long?)3),
                    ("2592000s", Algorithm.FixedWindow, 200L, null),
                }
            )
        );
    }

    [Test]
    public void NamesOf_LimitsWithoutNames_AreNamedForTheirWindows() =>
        Assert.That(
            LimitFields.NamesOf([Least, Least with { Name = "60s" }, null, Least]),
            Is.EqualTo(new[] { "60s-2", "60s", "s", "60s-3" })
        );

    private static IEnumerable<TestCaseData<LimitFields, string>> Wrong()
    {
        var bucket = Least with { Algorithm = Algorithm.TokenBucket };
        yield return new(Least with { Limit = null }, "Limit: is required");
        yield return new(Least with { Limit = -1 }, "Limit: must be from 0 to 1000000000");
        yield return new(Least with { WindowSeconds = null }, "WindowSeconds: is required");
        yield return new(
            Least with
            {
                WindowSeconds = 0,
            },
            "WindowSeconds: must be from 1 to 31536000"
        );
        yield return new(bucket with { Burst = 0 }, "Burst: must be from 1 to 1000000000");
        yield return new(
            Least with
            {
                Burst = 5,
            },
            "Burst: is only for token_bucket and leaky_bucket"
        );
        yield return new(
            Least with
            {
                Limit = 10_001,
                Algorithm = Algorithm.SlidingLog,
            },
            "Limit: must be at most 10000 for sliding_log"
        );
        yield return new(
            bucket with
            {
                WindowSeconds = 31_536_000,
                Burst = 285_617,
            },
            "Limit: is too large for this window: the greater of limit and burst, times the window in "
                + "milliseconds, must not pass 2^53, or the arithmetic would not be exact"
        );
        yield return new(Least with { Name = "" }, "Name: must have 1 to 64 characters");
    }

    [TestCaseSource(nameof(Wrong))]
    public void Validate_OneFieldWrong_SaysWhichAndWhy(LimitFields fields, string fault) =>
        Assert.That(new LimitFieldsValidator().Faults(fields), Is.EqualTo(new[] { fault }));

    [Test]
    public void Validate_OnlyWhatMustBeThere_IsRight() =>
        Assert.That(new LimitFieldsValidator().Faults(Least), Is.Empty);
}
