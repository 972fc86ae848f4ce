namespace RateLimiter.Dashboard;

/// <summary>The paths that others than the dashboard's own pages know.</summary>
public static class DashboardPaths
{
    /// <summary>The path of the dashboard, below which all its pages and files are.</summary>
    public const string Root = "/dashboard";

    /// <summary>The icon of the service's pages.</summary>
    public const string Icon = Root + "/_content/RateLimiter.Dashboard/favicon.svg";

    /// <summary>The path of the pages' connections, below <see cref="Root"/>.</summary>
    internal const string Hub = "/_blazor";
}
