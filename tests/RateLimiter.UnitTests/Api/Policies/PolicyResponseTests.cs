using RateLimiter.Api.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

public sealed class PolicyResponseTests
{
    [Test]
    public void Maps_OfTheWholeApi_MissNoMember() =>
        Assert.That(Mapping.Configuration.AssertConfigurationIsValid, Throws.Nothing);

    [Test]
    public void Map_Policy_TakesOverEveryField()
    {
        var policy = TestData
            .Policy("search", "free")
            .Revise(
                TestData.Definition(
                    "search",
                    "free",
                    "Free accounts",
                    isActive: false,
                    PolicyMode.Shadow,
                    StoreFailureMode.Local,
                    TestData.Limit("default", 7, 90, Algorithm.TokenBucket, 3)
                ),
                TestData.Moment.AddHours(1),
                "a-key"
            );

        Assert.That(
            Mapping.Mapper.Map<PolicyResponse>(policy),
            Is.EqualTo(
                new PolicyResponse
                {
                    RouteKey = "search",
                    Role = "free",
                    Limit = 7,
                    WindowSeconds = 90,
                    Algorithm = Algorithm.TokenBucket,
                    Burst = 3,
                    Per = SubjectNames.UserOnly,
                    WhenMissing = MissingSubjects.Reject,
                    Mode = PolicyMode.Shadow,
                    OnStoreFailure = StoreFailureMode.Local,
                    Description = "Free accounts",
                    IsActive = false,
                    Version = 2,
                    CreatedAt = TestData.Moment.UtcDateTime,
                    UpdatedAt = TestData.Moment.AddHours(1).UtcDateTime,
                    UpdatedBy = "a-key",
                }
            )
        );
    }

    private static IEnumerable<TestCaseData<Limit[]>> SeveralLimits()
    {
        yield return new([
            TestData.Limit("minute", 12, 60),
            TestData.Limit("month", 200, 2_592_000),
        ])
        {
            TestName = "{m}(two)",
        };
        yield return new([TestData.Limit("minute", 12, 60)]) { TestName = "{m}(a list of one)" };
    }

    [TestCaseSource(nameof(SeveralLimits))]
    public void Map_ListOfLimits_GivesTheListAndNoSingleLimit(Limit[] limits)
    {
        var response = Mapping.Mapper.Map<PolicyResponse>(TestData.Policy(limits: limits));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Limit, Is.Null);
            Assert.That(response.WindowSeconds, Is.Null);
            Assert.That(response.Algorithm, Is.Null);
            Assert.That(response.Burst, Is.Null);
            Assert.That(response.Per, Is.Null);
            Assert.That(response.WhenMissing, Is.Null);
            Assert.That(
                response.Limits!.Select(limit => (limit.Name, limit.Limit, limit.WindowSeconds)),
                Is.EqualTo(
                    limits.Select(limit =>
                        (limit.Name, limit.Permits, (long)limit.LongestWindow.TotalSeconds)
                    )
                )
            );
        }
    }

    [Test]
    public void Map_ListOfLimits_TakesOverEveryFieldOfEach()
    {
        var policy = TestData.Policy(
            limits: TestData.Limit(
                "even",
                7,
                90,
                Algorithm.LeakyBucket,
                burst: 3,
                per: ["org"],
                whenMissing: MissingSubjects.Skip
            )
        );

        Assert.That(
            Mapping.Mapper.Map<PolicyResponse>(policy).Limits,
            Is.EqualTo(
                new[]
                {
                    new LimitResponse
                    {
                        Name = "even",
                        Limit = 7,
                        WindowSeconds = 90,
                        Algorithm = Algorithm.LeakyBucket,
                        Burst = 3,
                        Per = SubjectNames.Create(["org"]),
                        WhenMissing = MissingSubjects.Skip,
                    },
                }
            )
        );
    }

    [Test]
    public void Map_Policy_GivesTimesInUtc()
    {
        var moment = new DateTimeOffset(2026, 2, 3, 1, 0, 0, TimeSpan.FromHours(2));
        var policy = Policy.Create(TestData.Definition(), moment);

        var response = Mapping.Mapper.Map<PolicyResponse>(policy);

        Assert.That(
            response.CreatedAt,
            Is.EqualTo(new DateTime(2026, 2, 2, 23, 0, 0, DateTimeKind.Utc))
                .And.Property(nameof(DateTime.Kind))
                .EqualTo(DateTimeKind.Utc)
        );
    }

    [Test]
    public void Map_NoDescription_StaysNull() =>
        Assert.That(Mapping.Mapper.Map<PolicyResponse>(TestData.Policy()).Description, Is.Null);
}
