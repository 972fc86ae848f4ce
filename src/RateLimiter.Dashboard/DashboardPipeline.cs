using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Stores;
using RateLimiter.Dashboard.Components;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Dashboard.Shell;
using RateLimiter.Dashboard.SigningIn;

namespace RateLimiter.Dashboard;

/// <summary>The pipeline of the dashboard, with its own routing, sessions and files.</summary>
public static class DashboardPipeline
{
    /// <summary>
    /// Adds it to a branch of the host's pipeline at <see cref="DashboardPaths.Root"/>. The host adds what it has for all
    /// pages before: their security headers, and bodies for errors.
    /// </summary>
    public static void UseDashboard(this IApplicationBuilder branch)
    {
        branch.Use(ShowErrorsAsync);
        branch.UseRouting();
        branch.Use(PrepareKeysAsync);
        branch.UseAuthentication();
        branch.UseAuthorization();
        branch.UseAntiforgery();
        branch.UseEndpoints(endpoints =>
        {
            // They need none of the middleware after the routing.
            endpoints.MapStaticAssets().ShortCircuit();
            endpoints.MapSignIn();
            endpoints
                .MapRazorComponents<App>()
                // The host prevents framing.
                .AddInteractiveServerRenderMode(options =>
                    options.ContentSecurityFrameAncestorsPolicy = null
                )
                .RequireAuthorization();
        });
    }

    private static async Task PrepareKeysAsync(HttpContext context, RequestDelegate next)
    {
        await context
            .RequestServices.GetRequiredService<SessionKeyManager>()
            .PrepareAsync(context.RequestAborted);
        await next(context);
    }

    /// <summary>A page in plain words for when the pages themselves cannot be shown.</summary>
    private static async Task ShowErrorsAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (StoreUnavailableException)
            when (!context.Response.HasStarted
                && !context.Request.Path.StartsWithSegments(DashboardPaths.Hub)
            )
        {
            context.Response.SetRetryAfter(StoreFallback.RetryAfter);
            await new RazorComponentResult<StoreDownPage>
            {
                StatusCode = StatusCodes.Status503ServiceUnavailable,
            }.ExecuteAsync(context);
        }
    }
}
