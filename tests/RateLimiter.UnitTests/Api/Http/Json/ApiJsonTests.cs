using System.Text.Json;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Json;
using RateLimiter.Api.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Http.Json;

public sealed class ApiJsonTests
{
    private static readonly JsonSerializerOptions Options = CreateOptions();

    [Test]
    public void Deserialize_CheckWithOnlyWhatMustBeThere_Costs1() =>
        Assert.That(
            JsonSerializer.Deserialize<CheckRequest>(
                """{"user_id": "alice", "route_key": "search"}""",
                Options
            ),
            Is.EqualTo(new CheckRequest("alice", "search", null, 1))
        );

    [Test]
    public void Deserialize_PolicyWithEveryField_ReadsThemAll() =>
        Assert.That(
            JsonSerializer.Deserialize<SavePolicyRequest>(
                """
                {
                  "route_key": "search", "limit": 10, "window_seconds": 60, "role": "free",
                  "description": "d", "is_active": false, "algorithm": "token_bucket", "burst": 5,
                  "mode": "shadow"
                }
                """,
                Options
            ),
            Is.EqualTo(
                new SavePolicyRequest
                {
                    RouteKey = "search",
                    Limit = 10,
                    WindowSeconds = 60,
                    Role = "free",
                    Description = "d",
                    Algorithm = Algorithm.TokenBucket,
                    Burst = 5,
                    IsActive = false,
                    Mode = PolicyMode.Shadow,
                }
            )
        );

    [Test]
    public void Serialize_Decision_HasTheNamesOfTheContract()
    {
        using var json = JsonSerializer.SerializeToDocument(
            DecisionResponse.From(TestData.Decision(TestData.Policy())),
            Options
        );

        Assert.That(
            json.RootElement.EnumerateObject().Select(property => property.Name),
            Is.SupersetOf(
                new[]
                {
                    "allowed",
                    "remaining",
                    "reset_in",
                    "reason",
                    "limit",
                    "retry_after",
                    "retry_after_ms",
                    "matched_role",
                    "matched_route",
                    "shadow_denied",
                    "violated",
                }
            )
        );
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions();
        ApiJson.Configure(options);
        return options;
    }
}
