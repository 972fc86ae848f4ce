using System.Globalization;
using RateLimiter.Api.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

public sealed class SavePolicyRequestTests
{
    private static readonly SavePolicyRequest Least = new()
    {
        RouteKey = "search",
        Limit = 10,
        WindowSeconds = 60,
    };

    [Test]
    public void ToDefinition_OnlyWhatMustBeThere_FillsInTheDefaults()
    {
        var definition = Least.ToDefinition();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(definition.Key, Is.EqualTo(new PolicyKey("search", "default")));
            Assert.That(definition.Description, Is.Null);
            Assert.That(definition.IsActive, Is.True);
            Assert.That(definition.Mode, Is.EqualTo(PolicyMode.Enforce));
            Assert.That(definition.Limits, Has.Count.EqualTo(1));
            Assert.That(definition.Limits[0].Name, Is.EqualTo("default"));
            Assert.That(definition.Limits[0].Algorithm, Is.EqualTo(Algorithm.FixedWindow));
            Assert.That(definition.Limits[0].Permits, Is.EqualTo(10));
            Assert.That(definition.Limits[0].LongestWindow, Is.EqualTo(TimeSpan.FromSeconds(60)));
        }
    }

    [Test]
    public void ToDefinition_EveryField_IsTakenOver()
    {
        var definition = (
            Least with
            {
                Role = "free",
                Description = "Free accounts",
                IsActive = false,
                Algorithm = Algorithm.LeakyBucket,
                Burst = 3,
                Mode = PolicyMode.Shadow,
            }
        ).ToDefinition();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(definition.Key, Is.EqualTo(new PolicyKey("search", "free")));
            Assert.That(definition.Description, Is.EqualTo("Free accounts"));
            Assert.That(definition.IsActive, Is.False);
            Assert.That(definition.Limits[0].Algorithm, Is.EqualTo(Algorithm.LeakyBucket));
            Assert.That(BurstOf(definition.Limits[0]), Is.EqualTo(3));
            Assert.That(definition.Mode, Is.EqualTo(PolicyMode.Shadow));
        }
    }

    [Test]
    public void ToDefinition_Subjects_AreTakenOver([Values] bool isList)
    {
        var request = isList
            ? List(Limit(10, 60) with { Per = ["org"], WhenMissing = MissingSubjects.Skip })
            : Least with
            {
                Per = ["org"],
                WhenMissing = MissingSubjects.Skip,
            };

        var definition = request.ToDefinition();

        Assert.That(definition.Limits[0].Per, Is.EqualTo(new[] { "org" }));
        Assert.That(definition.Limits[0].WhenMissing, Is.EqualTo(MissingSubjects.Skip));
        Assert.That(
            SavePolicyRequest.Of(definition).ToDefinition().IsEquivalentTo(definition),
            "The request that creates it has them."
        );
    }

    [Test]
    public void ToDefinition_ListOfLimits_TakesOverEveryFieldOfEach()
    {
        var limits = List(Limit(12, 60, Algorithm.LeakyBucket, 3, "even"), Limit(200, 2_592_000))
            .ToDefinition()
            .Limits;

        Assert.That(limits, Has.Count.EqualTo(2));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(limits[0].Name, Is.EqualTo("even"));
            Assert.That(limits[0].Algorithm, Is.EqualTo(Algorithm.LeakyBucket));
            Assert.That(limits[0].Permits, Is.EqualTo(12));
            Assert.That(limits[0].LongestWindow, Is.EqualTo(TimeSpan.FromSeconds(60)));
            Assert.That(BurstOf(limits[0]), Is.EqualTo(3));
            Assert.That(limits[1].Name, Is.EqualTo("2592000s"));
            Assert.That(limits[1].Algorithm, Is.EqualTo(Algorithm.FixedWindow));
            Assert.That(BurstOf(limits[1]), Is.Null);
        }
    }

    // Windows in seconds, or names.
    [TestCase(new[] { "60" }, new[] { "60s" })]
    [TestCase(new[] { "60", "3600" }, new[] { "60s", "3600s" })]
    [TestCase(new[] { "3600", "60" }, new[] { "3600s", "60s" })]
    [TestCase(new[] { "60", "60" }, new[] { "60s", "60s-2" })]
    [TestCase(new[] { "60", "1", "60", "60" }, new[] { "60s", "1s", "60s-2", "60s-3" })]
    [TestCase(new[] { "=60s", "60" }, new[] { "60s", "60s-2" })]
    [TestCase(new[] { "60", "=60s" }, new[] { "60s-2", "60s" })]
    [TestCase(new[] { "60", "60", "=60s-2" }, new[] { "60s", "60s-3", "60s-2" })]
    [TestCase(new[] { "=minute", "60" }, new[] { "minute", "60s" })]
    public void ToDefinition_LimitsWithoutNames_AreNamedForTheirWindows(
        string[] limits,
        string[] names
    )
    {
        var request = List([
            .. limits.Select(limit =>
                limit.StartsWith('=')
                    ? Limit(10, 60, name: limit[1..])
                    : Limit(10, long.Parse(limit, CultureInfo.InvariantCulture))
            ),
        ]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                request.ToDefinition().Limits.Select(limit => limit.Name),
                Is.EqualTo(names)
            );
            Assert.That(Faults(request), Is.Empty);
        }
    }

    [Test]
    public void ToDefinition_LimitsInAnotherOrderWithOtherPermits_KeepTheirNames()
    {
        LimitRequest[] limits =
        [
            Limit(10, 60),
            Limit(20, 3_600, Algorithm.TokenBucket),
            Limit(30, 60, name: "minute"),
        ];
        var changed = limits.Reverse().Select(limit => limit with { Limit = 99 }).ToArray();

        Assert.That(
            List(changed).ToDefinition().Limits.Select(limit => limit.Name),
            Is.EqualTo(List(limits).ToDefinition().Limits.Select(limit => limit.Name).Reverse())
        );
    }

    private static IEnumerable<TestCaseData<SavePolicyRequest>> Right()
    {
        yield return Case(
            "longest sliding_log",
            Least with
            {
                Limit = 10_000,
                Algorithm = Algorithm.SlidingLog,
            }
        );
        yield return Case(
            "least burst",
            Least with
            {
                Algorithm = Algorithm.TokenBucket,
                Burst = 1,
            }
        );
        yield return Case(
            "greatest burst",
            Least with
            {
                Algorithm = Algorithm.LeakyBucket,
                Burst = 1_000_000_000,
            }
        );
        yield return Case(
            "as exact as can be",
            Least with
            {
                Limit = 1_000_000_000,
                WindowSeconds = 9_007,
                Algorithm = Algorithm.SlidingWindow,
            }
        );
        yield return Case("one limit", List(Limit(10, 60)));
        yield return Case("most limits", List(Limits(8)));
        yield return Case(
            "longest name of a limit",
            List(Limit(10, 60, name: Validation.Text(64, "😀")))
        );
        yield return Case("description of several lines", Least with { Description = "a\r\n\tb" });

        static TestCaseData<SavePolicyRequest> Case(string name, SavePolicyRequest request) =>
            new(request) { TestName = $"{{m}}({name})" };
    }

    [TestCaseSource(nameof(Right))]
    public void Validate_WithinTheBoundsOfAlgorithmsAndLists_IsRight(SavePolicyRequest request) =>
        Assert.That(Faults(request), Is.Empty);

    private static IEnumerable<TestCaseData<SavePolicyRequest, string>> WrongLimits()
    {
        const string inexact =
            "is too large for this window: the greater of limit and burst, times the window in "
            + "milliseconds, must not pass 2^53, or the arithmetic would not be exact";
        const string beside = "must not be given beside the fields of a single limit";
        var bucket = Least with { Algorithm = Algorithm.TokenBucket };
        var one = List(Limit(10, 60));

        yield return new(bucket with { Burst = 0 }, "Burst: must be from 1 to 1000000000");
        yield return new(
            bucket with
            {
                Burst = 1_000_000_001,
            },
            "Burst: must be from 1 to 1000000000"
        );
        foreach (
            Algorithm? algorithm in new Algorithm?[]
            {
                null,
                Algorithm.FixedWindow,
                Algorithm.SlidingWindow,
                Algorithm.SlidingLog,
            }
        )
        {
            yield return new(
                Least with
                {
                    Algorithm = algorithm,
                    Burst = 5,
                },
                "Burst: is only for token_bucket and leaky_bucket"
            );
        }

        yield return new(
            Least with
            {
                Limit = 10_001,
                Algorithm = Algorithm.SlidingLog,
            },
            "Limit: must be at most 10000 for sliding_log"
        );
        foreach (
            var algorithm in new[]
            {
                Algorithm.SlidingWindow,
                Algorithm.TokenBucket,
                Algorithm.LeakyBucket,
            }
        )
        {
            yield return new(
                Least with
                {
                    Limit = 1_000_000_000,
                    WindowSeconds = 9_008,
                    Algorithm = algorithm,
                },
                $"Limit: {inexact}"
            );
        }

        yield return new(
            bucket with
            {
                WindowSeconds = 31_536_000,
                Burst = 285_617,
            },
            $"Limit: {inexact}"
        );

        yield return new(List(), "Limits: must hold 1 to 8 limits");
        yield return new(List(Limits(9)), "Limits: must hold 1 to 8 limits");
        yield return new(
            List(Limit(1, 1, name: "a"), Limit(2, 2, name: "a")),
            "Limits: must each have a name of its own"
        );
        yield return new(one with { Limit = 10 }, $"Limits: {beside}");
        yield return new(one with { WindowSeconds = 60 }, $"Limits: {beside}");
        yield return new(one with { Algorithm = Algorithm.FixedWindow }, $"Limits: {beside}");
        yield return new(one with { Burst = 1 }, $"Limits: {beside}");
        yield return new(one with { Per = ["org"] }, $"Limits: {beside}");
        yield return new(one with { Per = [] }, $"Limits: {beside}");
        yield return new(one with { WhenMissing = MissingSubjects.Skip }, $"Limits: {beside}");
        yield return new(
            Least with
            {
                Per = ["org", "org"],
            },
            "Per: must not have the same subject twice"
        );
        yield return new(
            List(Limit(10, 60), Limit(10, 61) with { Per = ["Org"] }),
            "Limits[1].Per: must have a name of 1 to 64 characters: first a to z, then a to z, 0 to 9 and _"
        );
        yield return new(List(Limit(10, 60), null), "Limits[1]: must be an object");
        yield return new(List(Limit(null, 60)), "Limits[0].Limit: is required");
        yield return new(
            List(Limit(10, 60), Limit(-1, 61)),
            "Limits[1].Limit: must be from 0 to 1000000000"
        );
        yield return new(List(Limit(10, null)), "Limits[0].WindowSeconds: is required");
        yield return new(List(Limit(10, 0)), "Limits[0].WindowSeconds: must be from 1 to 31536000");
        yield return new(
            List(Limit(10, 60, burst: 5)),
            "Limits[0].Burst: is only for token_bucket and leaky_bucket"
        );
        yield return new(
            List(Limit(10_001, 60, Algorithm.SlidingLog)),
            "Limits[0].Limit: must be at most 10000 for sliding_log"
        );
        yield return new(
            List(Limit(1_000_000_000, 9_008, Algorithm.SlidingWindow)),
            $"Limits[0].Limit: {inexact}"
        );
        yield return new(
            List(Limit(10, 60, name: "")),
            "Limits[0].Name: must have 1 to 64 characters"
        );
        yield return new(
            List(Limit(10, 60, name: Validation.Text(65))),
            "Limits[0].Name: must have 1 to 64 characters"
        );
        yield return new(
            List(Limit(10, 60, name: "a\nb")),
            "Limits[0].Name: must not contain control characters"
        );
    }

    [TestCaseSource(nameof(WrongLimits))]
    public void Validate_OneFaultOfAnAlgorithmOrList_SaysWhereAndWhy(
        SavePolicyRequest request,
        string fault
    ) => Assert.That(Faults(request), Is.EqualTo(new[] { fault }));

    [Test]
    public void Validate_NeitherASingleLimitNorAList_AsksForTheSingleOne() =>
        Assert.That(
            Faults(new SavePolicyRequest { RouteKey = "search" }),
            Is.EqualTo(new[] { "Limit: is required", "WindowSeconds: is required" })
        );

    private static IEnumerable<TestCaseData<SavePolicyRequest>> RightSingle()
    {
        yield return new(Least) { TestName = "{m}(nothing more than must be there)" };
        yield return new(Least with { Limit = 0 }) { TestName = "{m}(least limit)" };
        yield return new(Least with { Limit = 1_000_000_000 }) { TestName = "{m}(greatest limit)" };
        yield return new(Least with { WindowSeconds = 1 }) { TestName = "{m}(least window)" };
        yield return new(Least with { WindowSeconds = 31_536_000 })
        {
            TestName = "{m}(greatest window)",
        };
        yield return new(
            Least with
            {
                RouteKey = Validation.Text(128),
                Role = Validation.Text(128, "😀"),
            }
        )
        {
            TestName = "{m}(longest names)",
        };
        yield return new(Least with { Description = "" }) { TestName = "{m}(empty description)" };
        yield return new(Least with { Description = Validation.Text(500) })
        {
            TestName = "{m}(longest description)",
        };
        yield return new(Least with { Description = Validation.Text(500, "😀") })
        {
            TestName = "{m}(longest description, in code points)",
        };
    }

    [TestCaseSource(nameof(RightSingle))]
    public void Validate_WithinTheBounds_IsRight(SavePolicyRequest request) =>
        Assert.That(Faults(request), Is.Empty);

    private static IEnumerable<TestCaseData<SavePolicyRequest, string>> Wrong()
    {
        yield return new(Least with { RouteKey = null }, "RouteKey: is required");
        yield return new(Least with { RouteKey = "" }, "RouteKey: must have 1 to 128 characters");
        yield return new(
            Least with
            {
                RouteKey = Validation.Text(129),
            },
            "RouteKey: must have 1 to 128 characters"
        );
        yield return new(Least with { Role = "" }, "Role: must have 1 to 128 characters");
        yield return new(
            Least with
            {
                Role = Validation.Text(129),
            },
            "Role: must have 1 to 128 characters"
        );
        yield return new(Least with { Limit = null }, "Limit: is required");
        yield return new(Least with { Limit = -1 }, "Limit: must be from 0 to 1000000000");
        yield return new(
            Least with
            {
                Limit = 1_000_000_001,
            },
            "Limit: must be from 0 to 1000000000"
        );
        yield return new(Least with { WindowSeconds = null }, "WindowSeconds: is required");
        yield return new(
            Least with
            {
                WindowSeconds = 0,
            },
            "WindowSeconds: must be from 1 to 31536000"
        );
        yield return new(
            Least with
            {
                WindowSeconds = 31_536_001,
            },
            "WindowSeconds: must be from 1 to 31536000"
        );
        yield return new(
            Least with
            {
                WindowSeconds = long.MaxValue,
            },
            "WindowSeconds: must be from 1 to 31536000"
        );
        yield return new(
            Least with
            {
                Description = Validation.Text(501),
            },
            "Description: must have at most 500 characters"
        );
    }

    [TestCaseSource(nameof(Wrong))]
    public void Validate_OneFieldWrong_SaysWhichAndWhy(SavePolicyRequest request, string fault) =>
        Assert.That(Faults(request), Is.EqualTo(new[] { fault }));

    private static IEnumerable<string> Faults(SavePolicyRequest request) =>
        new SavePolicyRequestValidator().Faults(request);

    private static SavePolicyRequest List(params LimitRequest?[] limits) =>
        new() { RouteKey = "search", Limits = limits };

    private static LimitRequest Limit(
        long? limit,
        long? windowSeconds,
        Algorithm? algorithm = null,
        long? burst = null,
        string? name = null
    ) =>
        new()
        {
            Limit = limit,
            WindowSeconds = windowSeconds,
            Algorithm = algorithm,
            Burst = burst,
            Name = name,
        };

    private static long? BurstOf(Limit limit) => (limit as BucketLimit)?.Burst;

    private static LimitRequest[] Limits(int count) =>
        [.. Enumerable.Range(1, count).Select(seconds => Limit(10, seconds))];
}
