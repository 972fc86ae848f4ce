using AutoMapper;
using Microsoft.Extensions.Logging.Abstractions;
using RateLimiter.Api.Json;
using RateLimiter.Api.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

public sealed class PolicyResponseTests
{
    private static readonly MapperConfiguration Maps = new(
        options => options.AddMaps(typeof(JsonBodyFormatter).Assembly),
        NullLoggerFactory.Instance
    );

    [Test]
    public void Maps_OfTheWholeApi_MissNoMember() =>
        Assert.That(Maps.AssertConfigurationIsValid, Throws.Nothing);

    [Test]
    public void Map_Policy_TakesOverEveryField()
    {
        var policy = A.Policy("search", "free")
            .Revise(
                A.Definition(
                    "search",
                    "free",
                    "Free accounts",
                    isActive: false,
                    A.Limit(permits: 7, windowSeconds: 90)
                ),
                A.Moment.AddHours(1)
            );

        Assert.That(
            Maps.CreateMapper().Map<PolicyResponse>(policy),
            Is.EqualTo(
                new PolicyResponse
                {
                    RouteKey = "search",
                    Role = "free",
                    Limit = 7,
                    WindowSeconds = 90,
                    Algorithm = Algorithm.FixedWindow,
                    Description = "Free accounts",
                    IsActive = false,
                    Version = 2,
                    CreatedAt = A.Moment.UtcDateTime,
                    UpdatedAt = A.Moment.AddHours(1).UtcDateTime,
                }
            )
        );
    }

    [Test]
    public void Map_Policy_GivesTimesInUtc()
    {
        var moment = new DateTimeOffset(2026, 2, 3, 1, 0, 0, TimeSpan.FromHours(2));
        var policy = Policy.Create(A.Definition(), moment);

        var response = Maps.CreateMapper().Map<PolicyResponse>(policy);

        Assert.That(
            response.CreatedAt,
            Is.EqualTo(new DateTime(2026, 2, 2, 23, 0, 0, DateTimeKind.Utc))
                .And.Property(nameof(DateTime.Kind))
                .EqualTo(DateTimeKind.Utc)
        );
    }

    [Test]
    public void Map_NoDescription_StaysNull() =>
        Assert.That(Maps.CreateMapper().Map<PolicyResponse>(A.Policy()).Description, Is.Null);
}
