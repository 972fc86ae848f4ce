using RateLimiter.Api.Policies;
using RateLimiter.Application.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

public sealed class PolicyResultsTests
{
    private static IEnumerable<TestCaseData<PolicyOutcome, int, string>> Refusals()
    {
        yield return new(new PolicyNotFound(), 404, "no policy");
        yield return new(new ConditionFailed(), 412, "Read it again");
        yield return new(new TooManyPolicies(7), 409, "7 policies");
        yield return new(new PoliciesTooLarge(7), 409, "7 bytes");
        yield return new(new WindowTooLong(7), 409, "7 seconds");
        yield return new(new NoSuchClient(), 401, "deleted");
        yield return new(new PoliciesContended(), 409, "try again");
    }

    [TestCaseSource(nameof(Refusals))]
    public void Refused_Outcome_HasItsStatusAndSaysWhy(
        PolicyOutcome outcome,
        int status,
        string detail
    )
    {
        var problem = PolicyResults.Refused(Requests.Context(), outcome).Problem();

        Assert.That(problem.Status, Is.EqualTo(status));
        Assert.That(problem.Detail, Does.Contain(detail));
    }

    [Test]
    public void Saved_Policy_IsShownWithItsTag()
    {
        var http = Requests.Context();

        var answer = PolicyResults.Saved(
            http,
            Mapping.Mapper,
            new PolicySaved(TestData.Policy() with { Version = 7 }, ["default"])
        );

        Assert.That(answer.Value!.Message, Is.EqualTo("Policy saved successfully."));
        Assert.That(answer.Value.Policy.Version, Is.EqualTo(7));
        Assert.That(answer.Value.ResetLimits, Is.EqualTo(new[] { "default" }));
        Assert.That(http.Response.Headers.ETag.ToString(), Is.EqualTo("\"7\""));
    }

    [Test]
    public void Saved_NotSaved_IsRefusedWithoutATag()
    {
        var http = Requests.Context();

        var answer = PolicyResults.Saved(http, Mapping.Mapper, new ConditionFailed());

        Assert.That(answer.Result.Problem().Status, Is.EqualTo(412));
        Assert.That(http.Response.Headers.ETag, Is.Empty);
    }

    [Test]
    public void NoCondition_Any_NamesTheHeader() =>
        Assert.That(
            (
                (Microsoft.AspNetCore.Mvc.ValidationProblemDetails)
                    PolicyResults.NoCondition(Requests.Context()).Problem()
            )
                .Errors
                .Keys,
            Is.EqualTo(new[] { "If-None-Match" })
        );
}
