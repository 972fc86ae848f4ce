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
        yield return new(
            Least with
            {
                Per = [.. Enumerable.Range(0, 10).Select(i => $"s{i}")],
            },
            "Per: must have at most 9 subjects"
        );
        yield return new(
            Least with
            {
                Per = ["org", "user_id", "org"],
            },
            "Per: must not have the same subject twice"
        );
        yield return new(
            Least with
            {
                Per = ["user_id", "user_id"],
            },
            "Per: must not have the same subject twice"
        );
        yield return new(Least with { Per = ["org", null] }, "Per: must be a text");
        foreach (var name in new[] { "", "Org", "1", "a-b", "org ", new string('a', 65) })
        {
            yield return new(
                Least with
                {
                    Per = ["org", name],
                },
                "Per: must have a name of 1 to 64 characters: first a to z, then a to z, 0 to 9 and _"
            );
        }
    }

    [TestCaseSource(nameof(Wrong))]
    public void Validate_OneFieldWrong_SaysWhichAndWhy(LimitFields fields, string fault) =>
        Assert.That(new LimitFieldsValidator().Faults(fields), Is.EqualTo(new[] { fault }));

    [Test]
    public void Validate_OnlyWhatMustBeThere_IsRight() =>
        Assert.That(new LimitFieldsValidator().Faults(Least), Is.Empty);

    [TestCase]
    [TestCase("user_id")]
    [TestCase("org", "user_id", "a", "b2", "c_", "d__3", "e", "f", "g")]
    public void Validate_SubjectsWithinBounds_IsRight(params string[] per) =>
        Assert.That(new LimitFieldsValidator().Faults(Least with { Per = per }), Is.Empty);

    [Test]
    public void ToLimit_Subjects_AreASetOfWhichTheUserIsTheDefault()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Least.ToLimit().Per, Is.SameAs(SubjectNames.UserOnly));
            Assert.That((Least with { Per = [] }).ToLimit().Per, Is.Empty);
            Assert.That(
                (Least with { Per = ["user_id", "org"] }).ToLimit().Per,
                Is.EqualTo(new[] { "org", "user_id" })
            );
        }
    }

    [Test]
    public void Of_Limit_MakesItAgainAndLeavesOutWhatIsTheDefault()
    {
        var limit = TestData.Limit(
            "n",
            7,
            90,
            Algorithm.TokenBucket,
            3,
            ["org"],
            MissingSubjects.Skip
        );

        Assert.That(
            LimitFields.Of(limit).ToLimit("n") with
            {
                Epoch = limit.Epoch,
            },
            Is.EqualTo(limit)
        );
        Assert.That(
            LimitFields.Of(TestData.Limit()),
            Is.EqualTo(new LimitFields(10, 60, Algorithm.FixedWindow, null, "default"))
        );
    }
}
