using Microsoft.AspNetCore.Http.Features;
using RateLimiter.Api.Gateway;

namespace RateLimiter.UnitTests.Api.Gateway;

public sealed class GatewayPathTests
{
    [TestCase("/gateway/check")]
    [TestCase("/gateway/check?/")]
    [TestCase("/gateway/checks/a")]
    [TestCase("/policy")]
    [TestCase("http://localhost/gateway/check")]
    [TestCase("http://gateway")]
    [TestCase("gateway/check/a")]
    [TestCase("*")]
    [TestCase("")]
    public void ForwardedPath_NothingFollowsTheEndpoint_IsNull(string target) =>
        Assert.That(ForwardedPath(target), Is.Null);

    [TestCase("/gateway/check/", "/")]
    [TestCase("/gateway/check/a/../..?b", "/a/../..?b")]
    [TestCase("/Gateway/Check//a", "//a")]
    [TestCase("http://localhost/gateway/check/../a", "/../a")]
    public void ForwardedPath_PathFollows_IsAsItWasSent(string target, string path) =>
        Assert.That(ForwardedPath(target), Is.EqualTo(path));

    private static string? ForwardedPath(string target)
    {
        var context = Requests.Context();
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        return GatewayPath.ForwardedPath(context);
    }
}
