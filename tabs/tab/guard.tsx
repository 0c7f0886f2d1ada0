import { Component, type ReactNode } from 'react';
import { Failure } from '../shared/states';

/** Shows a page of ours instead of nothing when a screen breaks or its chunk can no longer be fetched after a release. */
export class Guard extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    return this.state.error ? <Failure error={this.state.error} retry={() => window.location.reload()} /> : this.props.children;
  }
}
