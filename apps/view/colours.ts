/** Colours, which differ for people who see colours differently too (after Okabe and Ito). */
export const palette = {
  light: {
    paper: '#ffffff',
    ink: '#1a1a1a',
    faint: '#595959',
    rule: '#d0d0d0',
    tracks: ['#0072b2', '#c04a00', '#007a57', '#9c3f7c', '#5c5c00'],
    gain: '#007a57',
    loss: '#9c3f7c',
  },
  dark: {
    paper: '#14171a',
    ink: '#f0f0f0',
    faint: '#b3b8bd',
    rule: '#3c4247',
    tracks: ['#56b4e9', '#f0a030', '#3fc79a', '#e59ac5', '#d8cf4a'],
    gain: '#3fc79a',
    loss: '#e59ac5',
  },
} as const

export type Theme = keyof typeof palette
export type Colours = (typeof palette)[Theme]
